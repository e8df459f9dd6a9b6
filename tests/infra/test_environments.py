"""Several environments in one account and region: what one has, no other has under the same name."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from bikecast.names import Target, environment_of_stack, is_environment, stack_name
from infra_cdk.application import add_stacks, environment_of, new_app
from infra_cdk.environments import Environment
from infra_cdk.settings import TargetError, settings_for
from tests.infra.conftest import Assembly, text_of

# Properties that give a resource a name of its own, or one that all of an account see.
NAMES = {
    *("LogGroupName", "BucketName", "QueueName", "TopicName", "FunctionName", "RoleName", "StateMachineName"),
    *("DashboardName", "AlarmName", "DBInstanceIdentifier", "ClusterName", "Family", "DomainName"),
    *("RestApiName", "KeyName"),
}


def synthesized(environment: Environment, folder: Path) -> Assembly:
    app = new_app(outdir=str(folder / environment.name))
    settings = replace(settings_for(Target.AWS), environment=environment)
    add_stacks(app, settings=settings, use_cases=("citibike", "obesity"))
    app.synth()
    return Assembly(Target.AWS, folder / environment.name)


@pytest.fixture(scope="module")
def staging(tmp_path_factory: pytest.TempPathFactory) -> Assembly:
    return synthesized(Environment(name="staging"), tmp_path_factory.mktemp("staging"))


@pytest.fixture(scope="module")
def prod(tmp_path_factory: pytest.TempPathFactory) -> Assembly:
    environment = Environment(
        name="prod",
        notify=("ops@example.org", "https://chat.example.org/hook"),
        domain="rides.example.org",
        certificate_arn="arn:aws:acm:us-east-1:123456789012:certificate/1",
    )
    return synthesized(environment, tmp_path_factory.mktemp("prod"))


def test_two_environments_share_no_name(staging: Assembly, prod: Assembly) -> None:
    assert not staging.templates.keys() & prod.templates.keys()
    assert not names(staging) & names(prod)
    assert any("retrain" in name.lower() for name in names(prod)), "there are names to compare"


def test_two_environments_hear_and_count_apart(staging: Assembly, prod: Assembly) -> None:
    for assembly, name in ((staging, "staging"), (prod, "prod")):
        text = "".join(map(str, assembly.templates.values()))
        assert f"bikecast.{name}" in text
        rules = [each.properties for each in assembly.resources("AWS::Events::Rule")]
        assert {source for rule in rules for source in rule.get("EventPattern", {}).get("source", [])} == {
            f"bikecast.{name}"
        }
        own = {each.properties.get("Namespace") for each in assembly.resources("AWS::CloudWatch::Alarm")}
        assert {each for each in own if each and each.startswith("bikecast")} == {f"bikecast/{name}"}
        functions = [each.properties for each in assembly.resources("AWS::Lambda::Function")]
        spaces = {
            each.get("Environment", {}).get("Variables", {}).get("POWERTOOLS_METRICS_NAMESPACE")
            for each in functions
        }
        assert spaces - {None} == {f"bikecast/{name}"}


def test_traces_are_exported_where_an_address_is_named_and_nothing_of_it_is_elsewhere(
    staging: Assembly, tmp_path: Path
) -> None:
    traced = synthesized(Environment(name="traced", traces="http://collector.example.org:4318"), tmp_path)
    exporting = [each for each in processes(traced) if each.get("OTEL_EXPORTER_OTLP_ENDPOINT")]
    assert len(exporting) == len(processes(traced)) > 6
    assert {each["OTEL_EXPORTER_OTLP_ENDPOINT"] for each in exporting} == {
        "http://collector.example.org:4318"
    }
    assert len({each["OTEL_SERVICE_NAME"] for each in exporting}) > 6
    assert not any(name.startswith("OTEL_") for each in processes(staging) for name in each)
    layers = {each.properties["Description"] for each in staging.resources("AWS::Lambda::LayerVersion")}
    assert "Third-party packages: tracing" not in layers
    zipped = [
        each.properties for each in traced.resources("AWS::Lambda::Function") if "Layers" in each.properties
    ]
    assert all("Tracing" in text_of(each["Layers"]) for each in zipped)


def processes(assembly: Assembly) -> list[dict[str, Any]]:
    """The environments of our functions and of the container."""
    functions = [
        each.properties.get("Environment", {}).get("Variables", {})
        for each in assembly.resources("AWS::Lambda::Function")
    ]
    tasks = [
        {variable["Name"]: variable.get("Value") for variable in container["Environment"]}
        for each in assembly.resources("AWS::ECS::TaskDefinition")
        for container in each.properties["ContainerDefinitions"]
    ]
    return [*(each for each in functions if "POWERTOOLS_SERVICE_NAME" in each), *tasks]


def test_alarms_reach_the_addresses_of_their_environment(staging: Assembly, prod: Assembly) -> None:
    assert staging.resources("AWS::SNS::Subscription") == []
    found = {
        (each.properties["Protocol"], each.properties["Endpoint"])
        for each in prod.resources("AWS::SNS::Subscription")
    }
    assert found == {("email", "ops@example.org"), ("https", "https://chat.example.org/hook")}


def test_each_use_case_answers_under_its_own_domain(staging: Assembly, prod: Assembly) -> None:
    assert staging.resources("AWS::ApiGateway::DomainName") == []
    domains = [each.properties for each in prod.resources("AWS::ApiGateway::DomainName")]
    assert {each["DomainName"] for each in domains} == {"rides.example.org", "obesity.rides.example.org"}
    assert {each["SecurityPolicy"] for each in domains} == {"TLS_1_2"}
    url = prod.templates["bikecast-prod-serving"]["Outputs"]["ApiUrl"]["Value"]
    assert url == "https://rides.example.org/"


def test_the_default_environment_keeps_the_names_of_today() -> None:
    assert stack_name("storage") == "bikecast-storage"
    assert stack_name("serving", "green_taxi") == "bikecast-serving-green-taxi"
    assert stack_name("serving", "obesity", environment="prod") == "bikecast-prod-serving-obesity"


@pytest.mark.parametrize("environment", ["default", "prod", "a1"])
@pytest.mark.parametrize("use_case", ["citibike", "ride_duration"])
def test_a_stack_tells_its_environment(environment: str, use_case: str) -> None:
    assert environment_of_stack(stack_name("serving", use_case, environment=environment)) == environment


@pytest.mark.parametrize("name", ["CDKToolkit", "bikecast-", "bikecast-delivery", "bikecast-a-b-storage"])
def test_stacks_of_others_belong_to_no_environment(name: str) -> None:
    assert environment_of_stack(name) is None


@pytest.mark.parametrize("name", ["", "Prod", "a-b", "serving", "x" * 17, "1st"])
def test_names_that_would_be_mistaken_are_refused(name: str) -> None:
    assert not is_environment(name)


def test_aws_has_no_default_environment() -> None:
    with pytest.raises(TargetError, match="name an environment for AWS"):
        environment_of({}, target=Target.AWS)
    assert environment_of({}, target=Target.EMBEDDED).name == "default"


def test_a_domain_needs_a_certificate() -> None:
    with pytest.raises(TargetError, match="needs a certificate"):
        environment_of({"env": "prod", "domain": "rides.example.org"}, target=Target.AWS)


def test_the_command_line_gives_other_addresses() -> None:
    given = {"env": "qa", "notify": "a@example.org, https://b.example.org"}
    assert environment_of(given, target=Target.AWS).notify == ("a@example.org", "https://b.example.org")


def names(assembly: Assembly) -> set[str]:
    """Return every physical name and every export, as text with the names of other resources in it."""
    return {
        text_of(name)
        for stack, template in assembly.templates.items()
        for name in [*_given(template["Resources"]), *_exported(template.get("Outputs", {}))]
        if isinstance(name, str) or stack not in text_of(name)
    }


def _given(resources: dict[str, Any]) -> Iterator[Any]:
    for body in resources.values():
        yield from (
            value
            for key, value in body.get("Properties", {}).items()
            if key in NAMES and isinstance(value, str)
        )


def _exported(outputs: dict[str, Any]) -> Iterator[Any]:
    yield from (output["Export"]["Name"] for output in outputs.values() if "Export" in output)
