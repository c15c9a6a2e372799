import pytest
from django.core import serializers
from django.db import transaction
from social_django.models import DjangoStorage, UserSocialAuth

from learners.signals import identity_created
from tests.factories.catalog import OrganizationFactory
from tests.factories.learners import IdentityFactory, IdentityProviderFactory, UserFactory


@pytest.fixture
def announced():
    """What `identity_created` said, in order: (user, organization key, student key)."""
    heard = []

    def listen(user, organization_key, student_key, **kwargs):
        heard.append((user, organization_key, student_key))

    identity_created.connect(listen)
    yield heard
    identity_created.disconnect(listen)


@pytest.fixture
def provider():
    return IdentityProviderFactory(slug="mit-saml", organization=OrganizationFactory(key="MITx"))


def create_identity(uid, **given):
    return IdentityFactory(uid=uid, **given)


def test_identity_is_announced_when_it_is_created(announced, provider):
    user = UserFactory()
    create_identity("mit-saml:s-1", user=user)
    assert announced == [(user, "MITx", "s-1")]


def test_identity_is_announced_when_social_auth_creates_it(announced, provider):
    user = UserFactory()
    DjangoStorage.user.create_social_auth(user, "mit-saml:s-1", "tpa-saml")
    assert announced == [(user, "MITx", "s-1")]


@pytest.mark.django_db(transaction=True)
def test_identity_is_announced_when_there_is_no_transaction(announced, provider):
    assert not transaction.get_connection().in_atomic_block
    user = UserFactory()
    create_identity("mit-saml:s-1", user=user)
    assert announced == [(user, "MITx", "s-1")]


def test_student_key_is_all_that_follows_the_first_colon(announced, provider):
    create_identity("mit-saml:urn:mace:s 1")
    assert [student_key for _, _, student_key in announced] == ["urn:mace:s 1"]


@pytest.mark.parametrize("uid", ["mit-saml", "mit-saml:", ":s-1", "s-1", "other-saml:s-1", "MIT-SAML:s-1"])
def test_nothing_is_announced_when_the_uid_names_no_provider_and_key(announced, provider, uid):
    create_identity(uid)
    assert announced == []


def test_nothing_is_announced_when_the_provider_is_disabled(announced):
    IdentityProviderFactory(slug="mit-saml", enabled=False)
    create_identity("mit-saml:s-1")
    assert announced == []


def test_identity_is_announced_once_when_it_is_saved_again(announced, provider):
    identity = create_identity("mit-saml:s-1")
    identity.set_extra_data({"access_token": "of the next sign-in"})
    identity.save()
    UserSocialAuth.objects.get(pk=identity.pk).save()
    assert len(announced) == 1


def test_identity_is_announced_again_when_its_uid_changes(announced, provider):
    identity = create_identity("mit-saml:s-1")
    identity.uid = "mit-saml:s-2"
    identity.save()
    assert announced == [(identity.user, "MITx", "s-1"), (identity.user, "MITx", "s-2")]


def test_identity_is_announced_again_when_it_moves_to_another_account(announced, provider):
    identity = IdentityFactory(identity_provider=provider, student_key="s-1")
    first_user, second_user = identity.user, UserFactory()
    identity.user = second_user
    identity.save(update_fields=["user"])
    assert announced == [(first_user, "MITx", "s-1"), (second_user, "MITx", "s-1")]


def test_nothing_is_announced_when_a_save_leaves_the_new_uid_out(announced, provider):
    identity = create_identity("mit-saml:s-1")
    identity.uid = "mit-saml:s-2"
    identity.save(update_fields=["extra_data"])
    assert len(announced) == 1


def test_nothing_is_announced_when_a_fixture_is_loaded(announced, provider):
    identity = create_identity("mit-saml:s-1")
    dump = serializers.serialize("json", [identity])
    identity.delete()
    for loaded in serializers.deserialize("json", dump):
        loaded.save()
    assert len(announced) == 1


def test_a_repeated_sign_in_costs_one_query_more(announced, provider, django_assert_num_queries):
    identity = create_identity("mit-saml:s-1")
    with django_assert_num_queries(2):  # is it new, update
        identity.save()
