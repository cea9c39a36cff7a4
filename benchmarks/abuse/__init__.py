"""A second visitor's waiting times while others try to stop the server."""
