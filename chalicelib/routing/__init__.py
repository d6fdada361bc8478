"""Who gets a ticket: choosing among those who are there, and what follows where nobody is."""
