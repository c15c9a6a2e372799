"""What stands in the way of aims that are missed, by the key of their row; kept by hand, printed only where missed."""

OBSTACLES = {
    "write_create": "The limit writes what it is told. The service takes the learners' locks, looks for their accounts"
    " and for what stands, and tells each outcome, all in one round trip; Python takes 0.3 ms to put it"
    " together.",
    "write_update": "As for creating.",
    "http_create": "About 3 ms of each request are no write: HTTP with its client and the hand-over to a thread take 1,"
    " Django's middleware and DRF's dispatch as much, the question who asks 0.6, and JSON with its 25"
    " records in and out the rest. The limit has none of it.",
    "http_update": "As for creating.",
    "page": "The page itself takes as long as the limit's. Middleware and dispatch take as long again, and the"
    " question to the database who asks a third of it. The limit has none of them; DRF's answer to a"
    " request without rights alone costs the aim.",
    "import": "The plan is stored and shown before it is applied, as rows that say what becomes of each line, and"
    " these are written twice and read once more; the limit stores no plan.",
    "import_put": "With two cores, the import's worker and its PostgreSQL process take both.",
    "web_memory": "Django, DRF, the OpenAPI description, the admin and the libraries of imports and tokens take 95 MB"
    " before the first request.",
    "growth_create": "As for updating, by less: what is new lies together.",
    "growth_request_create": "As for creating by the Python API.",
    "growth_request_update": "As for updating by the Python API.",
    "growth_first_page": "Its 100 rows lie among those of all programs, on as many pages of the table and of the"
    " accounts, of which PostgreSQL's cache holds a part.",
    "growth_last_page": "As for the first page.",
    "growth_course_page": "As for the first page.",
    "growth_overview": "As for the first page.",
    "growth_grades": "As for the first page.",
    "growth_update": "It is the table: rows anywhere in 10,000,000 are no longer in PostgreSQL's cache. The limit grows"
    " as much.",
}
UNEXPLAINED = "Not looked into yet."
