"""The console: a server for the API and the pages that are built upon it. What is shown and done is the API's."""
