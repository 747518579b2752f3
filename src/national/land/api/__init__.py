"""The services of the land database, and the records they take and give."""
