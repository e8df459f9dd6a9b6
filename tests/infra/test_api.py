"""Keys, plans and what API Gateway answers by itself."""

from pathlib import Path

from infra_cdk.application import add_stacks, new_app
from infra_cdk.constructs.api import TRAININGS_A_DAY
from infra_cdk.settings import settings_for
from tests.infra.conftest import REPORT_ONLY, Assembly, text_of


def test_trainings_have_a_key_and_a_small_plan_of_their_own(assembly: Assembly) -> None:
    keys = {key.logical_id: key for key in assembly.resources("AWS::ApiGateway::ApiKey")}
    assert len(keys) == 2
    plans = {plan.logical_id: plan.properties for plan in assembly.resources("AWS::ApiGateway::UsagePlan")}
    pairs = assembly.resources("AWS::ApiGateway::UsagePlanKey")
    plan_of = {
        text_of(pair.properties["KeyId"])[1:-1]: text_of(pair.properties["UsagePlanId"])[1:-1]
        for pair in pairs
    }
    (training,) = [name for name in keys if name.startswith("TrainingKey")]
    (other,) = set(keys) - {training}
    assert plan_of[training] != plan_of[other]
    plan = plans[plan_of[training]]
    assert plan["Quota"] == {"Limit": TRAININGS_A_DAY, "Period": "DAY"}
    assert plan["Throttle"] == {"RateLimit": 1, "BurstLimit": 1}
    (operate,) = [
        f for f in assembly.resources("AWS::Lambda::Function") if f.logical_id.startswith("OperateApi")
    ]
    assert operate.properties["Environment"]["Variables"]["TRAINING_KEY_ID"] == {"Ref": training}


def test_what_the_gateway_answers_by_itself_carries_the_headers_too(assembly: Assembly) -> None:
    responses = assembly.resources("AWS::ApiGateway::GatewayResponse")
    assert {response.properties["ResponseType"] for response in responses} == {"DEFAULT_4XX", "DEFAULT_5XX"}
    for response in responses:
        assert response.properties["ResponseParameters"] == {
            "gatewayresponse.header.X-Content-Type-Options": "'nosniff'",
            "gatewayresponse.header.Cache-Control": "'no-store'",
        }


def test_browsers_of_other_sites_are_answered_only_when_asked_for(aws: Assembly, tmp_path: Path) -> None:
    assert _options(aws) == []
    app = new_app(outdir=str(tmp_path), context=REPORT_ONLY | {"allowed_origins": "https://rides.example"})
    add_stacks(app, settings=settings_for(aws.target))
    app.synth()
    opened = Assembly(aws.target, tmp_path)
    assert len(_options(opened)) == 8
    assert not any(_options(opened))
    functions = opened.resources("AWS::Lambda::Function")
    told = [
        function.properties["Environment"]["Variables"].get("ALLOWED_ORIGINS")
        for function in functions
        if "Environment" in function.properties
    ]
    assert told.count("https://rides.example") == 2


def _options(assembly: Assembly) -> list[bool]:
    """Return of each method for OPTIONS whether it wants a key."""
    methods = assembly.resources("AWS::ApiGateway::Method")
    return [m.properties["ApiKeyRequired"] for m in methods if m.properties["HttpMethod"] == "OPTIONS"]
