"""The pages of the browser app, one a module, each with a function `draw`."""
