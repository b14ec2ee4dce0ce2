"""quirelib: the parts of the quire command, and of the test harness, which uses them too."""
