"""Reading the metrics."""

import pytest
from prometheus_client.parser import text_string_to_metric_families


@pytest.fixture
def scrape(client, settings):
    """Read the metrics as {(name, its labels): value}."""
    settings.METRICS_TOKEN = "a-token"

    def scrape():
        response = client.get("/metrics", headers={"authorization": "Bearer a-token", "host": "10.1.2.3"})
        assert response.status_code == 200
        return {
            (sample.name, *sample.labels.values()): sample.value
            for family in text_string_to_metric_families(response.content.decode())
            for sample in family.samples
        }

    return scrape
