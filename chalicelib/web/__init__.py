"""Pages and API: blueprints by audience, over one route decorator."""
