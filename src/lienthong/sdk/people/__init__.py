"""How people are told apart: personal identification numbers, names and dates of birth as they are written."""
