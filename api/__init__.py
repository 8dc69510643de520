"""HTTP: the application, who may call it, and the command line that runs it."""
