"""What `make run` prints once the server answers."""

from demo.accounts import PARTNER, STAFF
from demo.catalog import MBA_CURRICULUM, MBA_PROGRAM

GUIDE = """
The service is running at {base_url}; Ctrl-C stops it.

  API    {base_url}/api/program_enrollments/v1/
  Docs   {base_url}/api-docs/
  Admin  {base_url}/admin/  (user {staff.username}, password {staff.password})

Try it from another terminal, as the student information system of a school. Get a token:

  TOKEN=$(curl -s {base_url}/oauth2/access_token -d grant_type=client_credentials -d token_type=jwt \\
    -d client_id={partner.client_id} -d client_secret={partner.client_secret} \\
    | sed -n 's/.*"access_token": *"\\([^"]*\\)".*/\\1/p'); echo "$TOKEN"

Enroll three learners in the demo's Master of Business Administration:

  curl -s -X PUT {enrollments_url} \\
    -H "Authorization: JWT $TOKEN" -H 'Content-Type: application/json' -d '[
    {{"student_key": "guide-1", "status": "enrolled", "curriculum_uuid": "{curriculum}"}},
    {{"student_key": "guide-2", "status": "enrolled", "curriculum_uuid": "{curriculum}"}},
    {{"student_key": "guide-3", "status": "pending", "curriculum_uuid": "{curriculum}"}}]'; echo

Read them back:

  curl -s -H "Authorization: JWT $TOKEN" \\
    '{enrollments_url}?student_key=guide-1&student_key=guide-2&student_key=guide-3'; echo

A whole roster comes with: make demo
"""


def write_guide(base_url: str) -> str:
    """Return the guide for a server at `base_url` (without a slash at its end)."""
    return GUIDE.format(
        base_url=base_url,
        staff=STAFF,
        partner=PARTNER,
        enrollments_url=f"{base_url}/api/program_enrollments/v1/programs/{MBA_PROGRAM}/enrollments/",
        curriculum=MBA_CURRICULUM,
    )
