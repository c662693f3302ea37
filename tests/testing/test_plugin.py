"""The pytest plugin, run by pytest itself on small projects."""

import subprocess
import sys
from pathlib import Path

import pytest

pytest_plugins = "pytester"

TASKS = """
from marshmallow import fields
from pubsub_tasks import PubSubMessageSchema, Tasks, task

class OrderPlaced(PubSubMessageSchema):
    MEDIA_TYPE = "application/vnd.shop.pubsub._.created.order"
    order_id = fields.Integer(required=True)

tasks, other = Tasks(), Tasks()
seen = []

@task(OrderPlaced, tasks=tasks)
def pay(order_id):
    seen.append(order_id)

@task(OrderPlaced, tasks=other)
async def apay(order_id):
    seen.append(order_id)
"""

STORY = """
import shop
from pubsub_tasks.testing import message

def test_story(pubsub):
    shop.pay.publish(order_id=7)
    assert pubsub.published == [message(shop.OrderPlaced, order_id=7)]
    assert str(pubsub.run()) == "1 handled"
"""


INI = "[pytest]\npythonpath = .\nasyncio_default_fixture_loop_scope = function\n"


@pytest.fixture
def project(pytester: pytest.Pytester) -> pytest.Pytester:
    pytester.makepyfile(shop=TASKS)
    pytester.makeini(INI)
    return pytester


def run(project: pytest.Pytester, *arguments: str) -> pytest.RunResult:
    return project.runpytest_subprocess(
        "--strict-markers", "--strict-config", "-p", "no:randomly", *arguments
    )


def test_the_ini_option_names_the_app_and_tests_never_meet(project: pytest.Pytester) -> None:
    project.makeini(f"{INI}pubsub_app = shop:tasks\n")
    project.makepyfile(
        test_one=STORY,
        test_two="""
        import pytest, shop

        @pytest.mark.parametrize("number", range(3))
        def test_each(pubsub, number):
            assert (pubsub.published, pubsub.pending) == ([], 0)
            shop.pay.publish(order_id=number)
            pubsub.advance(days=number)
            assert pubsub.pending == 1
        """,
    )

    run(project, "-n", "2").assert_outcomes(passed=4)


def test_a_marker_or_a_fixture_names_the_app_too(project: pytest.Pytester) -> None:
    project.makeini(f"{INI}pubsub_app = no.such.app\n")
    project.makepyfile(
        test_marker=f"import pytest\npytestmark = pytest.mark.pubsub_app('shop:tasks')\n{STORY}",
        test_fixture="""
        import pytest, shop

        @pytest.fixture(params=[shop.tasks, "shop:other"])
        def pubsub_app(request):
            return request.param

        def test_each(pubsub):
            pubsub.tasks.publish(shop.OrderPlaced, order_id=7)
            assert [each.task for each in pubsub.run().handled] in (["shop.pay"], ["shop.apay"])

        @pytest.mark.parametrize("pubsub_app", [shop.other], ids=["other"])
        def test_other(pubsub):
            shop.apay.publish(order_id=7)
            assert len(pubsub.run().handled) == 1
        """,
    )

    run(project).assert_outcomes(passed=4)


def test_a_marker_needs_one_app_and_without_any_the_default_registry_is_it(project: pytest.Pytester) -> None:
    project.makepyfile(
        """
        import pytest
        from pubsub_tasks import default_tasks

        @pytest.mark.pubsub_app
        def test_none(pubsub): pass

        @pytest.mark.pubsub_app("a", "b")
        def test_two(pubsub): pass

        @pytest.mark.pubsub_app(app="a")
        def test_name(pubsub): pass

        def test_default(pubsub):
            assert pubsub.tasks is default_tasks
        """
    )

    result = run(project)

    result.assert_outcomes(errors=3, passed=1)
    result.stdout.fnmatch_lines(["*write the marker pubsub_app with one app*"])


def test_an_app_that_is_not_there_is_one_line(project: pytest.Pytester) -> None:
    project.makeini(f"{INI}pubsub_app = shop.nope\n")
    project.makepyfile("def test_it(pubsub): ...")

    result = run(project)

    result.assert_outcomes(errors=1)
    result.stdout.fnmatch_lines(["pubsub_app: shop.nope: cannot be imported from *"])
    assert "find_app.py" not in result.stdout.str()
    assert "another exception" not in result.stdout.str()


def test_tests_may_be_coroutines(project: pytest.Pytester) -> None:
    story = """
        import asyncio, pytest, shop
        pytestmark = [pytest.mark.{plugin}, pytest.mark.pubsub_app("shop:other")]

        async def publish():
            await shop.apay.apublish(order_id=7)

        async def test_it(pubsub):
            await asyncio.gather(publish(), publish(), asyncio.to_thread(shop.apay.publish, order_id=8))
            assert len(pubsub.published) == 3
            assert str(await pubsub.arun()) == "3 handled"

        async def test_again(pubsub):
            assert pubsub.published == []
        """
    project.makeconftest("import pytest\n@pytest.fixture\ndef anyio_backend():\n    return 'asyncio'")
    project.makepyfile(test_a=story.format(plugin="asyncio"), test_b=story.format(plugin="anyio"))

    run(project).assert_outcomes(passed=4)


def test_unittest_has_it_as_a_context_manager(project: pytest.Pytester) -> None:
    project.makepyfile(
        """
        import shop, sys
        from unittest import IsolatedAsyncioTestCase, TestCase, main
        from pubsub_tasks.testing import app

        class Plain(TestCase):
            def setUp(self):
                self.pubsub = self.enterContext(app(shop.tasks))

            def test_it(self):
                shop.pay.publish(order_id=7)
                self.pubsub.published.only(shop.OrderPlaced, order_id=7)
                self.assertEqual(str(self.pubsub.run()), "1 handled")

        class Coroutine(IsolatedAsyncioTestCase):
            def setUp(self):
                self.pubsub = self.enterContext(app("shop:other"))

            async def test_it(self):
                await shop.apay.apublish(order_id=7)
                self.assertEqual(str(await self.pubsub.arun()), "1 handled")

        if __name__ == "__main__":
            assert "pytest" not in sys.modules
            main()
        """
    )

    run(project).assert_outcomes(passed=2)
    assert project.runpython("test_unittest_has_it_as_a_context_manager.py").ret == 0


def test_a_failure_shows_what_was_published(project: pytest.Pytester) -> None:
    project.makeini(f"{INI}pubsub_app = shop:tasks\n")
    project.makepyfile(
        """
        import shop

        def test_search(pubsub):
            shop.pay.publish(order_id=7)
            assert pubsub.published(shop.OrderPlaced, order_id=8)

        def test_only(pubsub):
            shop.pay.publish(order_id=7)
            pubsub.published.only(shop.OrderPlaced, order_id=8)
        """
    )

    result = run(project, "--tb=short")

    result.assert_outcomes(failed=2)
    result.stdout.fnmatch_lines(
        [
            "E   AssertionError: assert <no OrderPlaced(order_id=8) among [[]OrderPlaced(order_id=7)]>",
            "test_*.py:*: in test_only",
            "    pubsub.published.only(shop.OrderPlaced, order_id=8)",
            "E   AssertionError: no OrderPlaced(order_id=8) was published; published:",
            "E     1. OrderPlaced(order_id=7)",
        ]
    )


def test_the_plugin_does_not_import_the_library_for_those_who_do_not_use_it(tmp_path: Path) -> None:
    (tmp_path / "test_it.py").write_text(
        "import sys\n"
        "def test_it():\n"
        "    assert 'pytest_pubsub_tasks' in sys.modules\n"
        "    assert not {'pubsub_tasks', 'marshmallow', 'tenacity', 'microcosm'} & sys.modules.keys()\n",
        encoding="utf-8",
    )

    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-p", "no:randomly", "test_it.py"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.returncode == 0, done.stdout + done.stderr
