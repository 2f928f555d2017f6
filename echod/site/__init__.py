"""What is served on which path: endpoints and pages."""
