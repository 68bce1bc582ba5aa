"""What an update does beside rendering: scripts that Copier runs, in the folder of the service.

The Python that runs Copier runs them. They need Git, and no package but Copier.
"""
