"""The words of a game of two: each word begins with the last letter of the word before."""

WORDS = """
apple elephant teapot tiger rabbit trumpet table eel lantern needle echo orchard daisy yarn night
tulip pillow window wagon nest thunder river road dragon net tent thimble egg garden noodle eagle
ear rain nut turnip pear radish harp pond door rope envelope engine emerald dolphin nectarine
elbow wheel ladder raven nutmeg goose elm marble eyelash hat thread dust tower rug giraffe east
tide ebony yolk kettle evening ginger rocket tomato onion nail lamp parrot tunnel lemon nostril
loom mirror ribbon newspaper reindeer rainbow willow wolf fiddle eggshell locket tambourine
estuary yeast trellis spoon nightingale emperor robin noon newt twig glacier reed drum moth hedge
easel lighthouse elder rust tram maple evergreen nib bramble ember rooster ruby yard desk knot
tarpaulin notebook kite
""".split()  # noqa: SIM905  (a hundred lines otherwise)

# Replies to a word, by the other player.
REMARKS = {
    "eel": ("Is there a shorter animal?",),
    "nostril": ("Really? Nostril?",),
    "tarpaulin": ("I had to look up how to write that.",),
    "estuary": ("Show-off. 😄",),
    "noon": ("A word that begins where it ends, clever.",),
}
