"""The first act of the story: what is asked, asking it, the forgery, and proving what was logged."""
