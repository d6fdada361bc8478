"""The service desk: a stack of packages named in the desk's own words."""
