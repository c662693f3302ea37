"""The dashboard as a web application: who may ask for what, the routes, and the server."""
