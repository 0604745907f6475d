"""A user's own data as a task: one file, a training and a test file, or a data set of the hub.

What comes in is read strictly or not at all: a file that cannot be read without guessing is refused with the place and
a remedy. What is merely untidy (empty, repeated, contradicting rows) is set right and counted in a report. What would
make a verdict worthless (a test row among the training rows, labels written into the texts) is named in the report and
blocks the verdict.
"""

from __future__ import annotations

from .report import REPORT_FILE, DataReport, in_words
from .source import Imported, Wanted, import_task, is_own_data
from .task_folder import write

__all__ = [
    "REPORT_FILE",
    "DataReport",
    "Imported",
    "Wanted",
    "import_task",
    "in_words",
    "is_own_data",
    "write",
]
