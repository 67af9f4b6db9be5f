"""The database takes writes, as the last one showed or another one tells."""

import pytest
from sqlalchemy import text

from harness.entries import known
from harness.factories import NOW
from logocache.errors import DatabaseError, SchemaError
from logocache.repository import Repository


def test_a_failed_write_is_remembered_until_one_is_done(repository: Repository) -> None:
    database = repository._database
    generation = repository.generation()
    repository.check_writable()
    assert repository.generation() == generation, "nothing is tried without need"
    with pytest.raises((DatabaseError, SchemaError)), database.write() as connection:
        connection.execute(text("INSERT INTO nowhere VALUES (1)"))
    assert database.could_not_write
    repository.check_writable()
    assert repository.generation() == generation + 1
    assert not database.could_not_write


def test_the_next_write_shows_it_as_well(repository: Repository) -> None:
    repository._database.could_not_write = True
    known(repository, "shopify")
    assert not repository._database.could_not_write


def test_what_is_wrong_with_a_value_says_nothing_of_the_database(repository: Repository) -> None:
    def break_off() -> None:
        with repository.unit():
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        break_off()
    repository.purge_attempts(before=NOW)
    assert not repository._database.could_not_write


@pytest.mark.end_to_end
def test_a_try_that_fails_is_told(repository: Repository) -> None:
    repository._database.could_not_write = True
    with repository._database.write():
        repository._database.could_not_write = True
        with pytest.raises(DatabaseError):
            repository.check_writable()
    assert not repository._database.could_not_write
