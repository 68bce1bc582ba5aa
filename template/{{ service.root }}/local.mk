# Your own make targets. The template never changes this file.
