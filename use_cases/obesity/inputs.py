"""What is asked about a person, as the published file spells it."""

from bikecast.use_case import Category, Input, Number, Text

CLASSES = (
    "Insufficient_Weight",
    "Normal_Weight",
    "Overweight_Level_I",
    "Overweight_Level_II",
    "Obesity_Type_I",
    "Obesity_Type_II",
    "Obesity_Type_III",
)
TARGET = "NObeyesdad"
# Questions whose answers are fixed refuse any other; later files have levels of alcohol that the first lacks.
_YES_NO = Category(("no", "yes"), unknown="refuse")

INPUTS = (
    Input("id", "Number of the person in the file that it comes from", Text(), optional=True, watched=False),
    Input("Gender", "Sex", Category(("Female", "Male"), unknown="refuse")),
    Input("Age", "Age", Number(14, 100), unit="years"),
    Input("Height", "Height", Number(1.2, 2.3), unit="m"),
    Input("Weight", "Weight", Number(30, 250), unit="kg"),
    Input("family_history_with_overweight", "Whether somebody in the family is or was overweight", _YES_NO),
    Input("FAVC", "Whether high-caloric food is eaten often", _YES_NO),
    Input("FCVC", "How often vegetables are eaten, from never to always", Number(1, 3)),
    Input("NCP", "Main meals a day", Number(1, 4)),
    Input("CAEC", "Food between meals", Category(("no", "Sometimes", "Frequently", "Always"))),
    Input("SMOKE", "Whether the person smokes", _YES_NO),
    Input("CH2O", "Water a day, from less than 1 to more than 2 litres", Number(1, 3)),
    Input("SCC", "Whether calories are counted", _YES_NO),
    Input("FAF", "Days a week with exercise, in four steps", Number(0, 3)),
    Input("TUE", "Time with screens a day, in three steps", Number(0, 2)),
    Input("CALC", "Alcohol", Category(("no", "Sometimes", "Frequently"))),
    Input(
        "MTRANS",
        "Usual way to get around",
        Category(("Automobile", "Bike", "Motorbike", "Public_Transportation", "Walking")),
    ),
)
