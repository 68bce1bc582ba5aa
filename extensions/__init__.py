"""What the template runs at generation time: the questionnaire's rules and the model of a service.

Copier loads `hook.py`, which loads this package. None of it reads or writes a file.
"""
