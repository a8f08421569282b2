"""Who writes in the sample, by user name."""

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

# The one who talks with all the others.
MAIN_PERSON = "mira"
