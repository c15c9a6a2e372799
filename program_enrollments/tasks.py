"""Queue entry points of program enrollments."""
