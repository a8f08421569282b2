"""The people of the demo: their names by user name."""

PEOPLE = {
    "mira": "Mira Castellan",
    "jonas": "Jonas Feldweg",
    "layla": "ليلى الحداد",
    "kenji": "森下 健司",
    "odile": "Odile Marchepied",
    "tomas": "Tomás Aldaba",
    "nkechi": "Nkechi Obiora",
    "wren": "Wren",
}

# Has a conversation with each of the others.
MAIN_PERSON = "mira"
