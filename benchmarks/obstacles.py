"""What stands in the way of aims that are missed, by the key of their row; kept by hand, printed only where missed."""

OBSTACLES = {
    "write_create": "The limit writes what it is told. The service looks the program up, takes the learners' locks,"
    " looks for their accounts and for what stands, and tells each outcome: two round trips, of which"
    " the second is about the limit's own work and the first a quarter of it. The catalog may live"
    " elsewhere, so that its answer cannot join the statement.",
    "write_update": "As for creating.",
    "http_create": "About 4.5 ms of each request are no write: HTTP and the hand-over to a thread, Django's middleware"
    " and DRF's dispatch, the signature of the token, JSON and its 25 records in and out, and four"
    " questions to the database (is the connection alive, who asks, how many requests were there, which"
    " program). The limit has none of it.",
    "http_update": "As for creating.",
    "page": "The page itself takes about 1 ms. Middleware and dispatch take another, and so do the token's"
    " signature and three questions to the database (who asks, how many requests were there, which"
    " program), each prepared. The limit has none of them; DRF's answer to a request without rights"
    " alone costs more than the aim.",
    "import": "The plan is stored and shown before it is applied, as rows that say what becomes of each line, and"
    " these are written twice and read once more; the limit stores no plan.",
    "import_put": "With two cores, the import's worker and its PostgreSQL process take both.",
    "web_memory": "Django, DRF, the OpenAPI description, the admin and the libraries of imports and tokens take 95 MB"
    " before the first request.",
    "growth_update": "It is the table: rows anywhere in 10,000,000 are no longer in PostgreSQL's cache. The limit grows"
    " more.",
}
UNEXPLAINED = "Not looked into yet."
