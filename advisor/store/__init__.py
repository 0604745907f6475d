"""What outlives a browser session: drafts, assessments with their versions, what was shared, background jobs.

An SQLite file by default, PostgreSQL by `ADVISOR_DATABASE_URL`. Pure Python: the app, the worker and the command line
use the same functions, and none of them writes SQL elsewhere.
"""

from advisor.store.assessments import Assessment, Version, difference
from advisor.store.jobs import ACTIVE, Job
from advisor.store.place import data_folder, default_url
from advisor.store.store import Store

__all__ = ["ACTIVE", "Assessment", "Job", "Store", "Version", "data_folder", "default_url", "difference"]
