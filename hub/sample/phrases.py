"""What people write when they report and what staff write when they close; all of it made up."""

COMMENTS = {
    "POTH": (
        "Deep pothole near the curb, cars swerve around it.",
        "Hole is back where it was patched in spring.",
        "Lost a hubcap here this morning.",
        "Bache grande frente a la parada del autobús.",
        "Two potholes side by side after the crosswalk.",
    ),
    "SIDE": (
        "Slab lifted by a root, my mother tripped on it.",
        "Wheelchair cannot get past the broken curb ramp.",
        "Brick sidewalk has sunk and holds water.",
    ),
    "SNOW": (
        "Plow has not been here since the storm began.",
        "Whole block is a sheet of ice.",
        "Snow bank blocks the crosswalk by the school.",
        "La calle está cubierta de hielo.",
    ),
    "SWEP": (
        "Leaves and sand all along the gutter.",
        "Sweeper skipped our side of the street again.",
        "Broken glass in the bike lane.",
    ),
    "LITE": (
        "Street light has been out for a week.",
        "Light flickers all night.",
        "Three lights in a row are dark, it feels unsafe.",
        "El farol de la esquina no enciende.",
        "Light stays on all day.",
    ),
    "SGNL": (
        "Signal is stuck on red for the side street.",
        "Walk button does not do anything.",
        "Lights are flashing yellow in all directions.",
    ),
    "SIGN": (
        "Stop sign is bent to the ground.",
        "Street name sign is gone.",
        "One way sign turned the wrong way round.",
    ),
    "TREE": (
        "Branches hang over the wires.",
        "Tree blocks the view of the stop sign.",
        "Dead limb above the sidewalk, please look before it falls.",
        "Asked for this last year as well.",
    ),
    "BRCH": (
        "Big limb down across the lane.",
        "Branch on top of a parked car.",
        "Tree came down in the storm and blocks the sidewalk.",
    ),
    "PARK": (
        "Grass in the park has not been cut.",
        "Bench slats are broken.",
        "Water fountain does not work.",
        "The swings on the playground are missing a seat.",
    ),
    "LBIN": (
        "Bin is overflowing and gulls are at it.",
        "Trash all around the bin by the café.",
        "Bin has not been emptied since the weekend.",
    ),
    "DUMP": (
        "Somebody left a mattress and two tires.",
        "Pile of construction debris behind the lot.",
        "Bags dumped by the river path again.",
        "Tiraron muebles viejos en la acera.",
    ),
    "GRPU": (
        "Tags on the underpass wall.",
        "Graffiti on the mailbox and the utility box.",
        "Paint all over the bus shelter.",
    ),
    "DEAD": ("Dead raccoon in the roadway.", "Dead gull on the sidewalk.", "Squirrel in the middle of the lane."),
    "DRAN": ("Storm drain is full of leaves.", "Grate is clogged, water stands for days.", "Drain cover is broken."),
    "FLOD": (
        "Street is under a foot of water at high tide.",
        "Cars are stalling in the water.",
        "Water is coming up to the doors.",
    ),
    "MTRA": (
        "Truck went by without stopping.",
        "Trash was out before seven and is still there.",
        "Missed for the second week in a row.",
        "No recogieron la basura hoy.",
        "Whole street was skipped.",
    ),
    "MREC": ("Recycling bin not emptied.", "Paper was left behind.", "They took the trash but not the recycling."),
    "BULK": ("One sofa and a box spring.", "Old washing machine to pick up.", "Two mattresses, wrapped."),
    "ILPK": (
        "Car parked in front of the hydrant.",
        "Truck on the sidewalk every evening.",
        "Parked in the bike lane with nobody in it.",
        "Blocks the accessible space.",
    ),
    "ABVH": (
        "Gray sedan with flat tires, has not moved in weeks.",
        "Van without plates.",
        "Car has a year of leaves on it.",
        "Burned out car at the end of the street.",
    ),
    "DRIV": (
        "Cannot get out of my driveway.",
        "Same car blocks our driveway again.",
        "Delivery truck left in front of the garage.",
    ),
    "GRPR": ("Graffiti on the side of the building.", "Somebody tagged our fence.", "Paint on the shop shutters."),
    "CONS": (
        "Work starts before six in the morning.",
        "Dust everywhere and no fence.",
        "I do not see a permit in the window.",
        "Scaffold looks loose.",
    ),
    "VACB": (
        "Back door is open and people go in and out.",
        "Windows are broken on the second floor.",
        "Nobody has lived here since the fire.",
    ),
    "OVGR": ("Weeds are over the fence.", "Lot has not been mowed all year.", "Bushes cover half the sidewalk."),
    "RODT": (
        "Rats around the bins every night.",
        "Burrows along the fence.",
        "Saw three rats in the yard.",
        "Hay ratas en el patio.",
    ),
    "DOGC": (
        "Dog barks all day when they are out.",
        "Dog off its leash by the school.",
        "Nobody picks up after their dog here.",
    ),
    "MOSQ": (
        "Standing water in an old pool.",
        "Mosquitoes are terrible by the marsh.",
        "Tires full of water behind the shed.",
    ),
    "BITE": ("I was bitten while delivering.", "Dog bit my child on the arm.", "Neighbor's dog bit mine."),
    "NEGL": ("Dog left outside without water.", "Cats locked in an empty apartment."),
    "HEAT": (
        "No heat since last night, baby in the home.",
        "Radiators are cold on the whole floor.",
        "No hot water for three days.",
        "No tenemos calefacción y el dueño no contesta.",
        "Boiler is broken again.",
    ),
    "UNSF": (
        "Ceiling is coming down in the bathroom.",
        "Mold in the children's room.",
        "Smoke alarm was taken away.",
        "Roaches everywhere, landlord does nothing.",
    ),
    "REPR": (
        "Asked four times to have the lock mended.",
        "Window has been broken since winter.",
        "Leak under the sink is not repaired.",
    ),
    "NOIS": (
        "Loud music until three.",
        "Party on the roof again.",
        "Shouting upstairs every night.",
        "Música muy alta toda la noche.",
    ),
    "ENCM": (
        "Two tents behind the library.",
        "People are sleeping under the bridge, they may need help.",
        "Camp by the tracks has grown.",
    ),
    "NEED": (
        "Older man sitting in the rain, seems confused.",
        "Woman asked for help finding a shelter.",
        "Somebody lies on the bench and does not answer.",
    ),
    "SCOT": ("Three scooters across the ramp.", "Scooter thrown into the planter."),
}

CLOSING = {  # by the true kind of ending; the words that city.yml reads are in each of them
    "done": (
        "Work completed.",
        "Work completed.",
        "Work completed.",
        "Crew visited the site, work completed.",
        "Repaired; work completed and area left clean.",
        "Work completed by the evening shift.",
        "Thank you for your report. Work completed.",
    ),
    "enforced": (
        "Inspected, violation issued.",
        "Officer on site; violation issued to the responsible party.",
        "Violation issued and corrected.",
    ),
    "nothing_found": (
        "Inspected; nothing found.",
        "Crew checked the block and nothing found.",
        "On site twice, nothing found that matches the report.",
    ),
    "no_access": ("No access to the unit.", "Inspector rang; no access, notice left.", "No access on two visits."),
    "referred": (
        "Case referred to the state.",
        "Case referred to another agency.",
        "Case referred to the county.",
    ),
    "invalid": ("There was not enough information to act on.", "Location unclear, not enough information."),
    "scheduled": ("Pickup scheduled for your next collection day.", "Pickup scheduled."),
    "duplicate": ("Duplicate of an existing request.", "Duplicate report, see the earlier request."),
    "paper": ("Closed by system: no activity in this period.",),
    "crew_log": ("Closed by system: internal case, work logged by crew.",),
    "cancelled": ("Canceled by the caller.", ""),
    "unclear": ("", "See attachment.", "OK per supervisor.", "Updated."),
}

# What gives somebody away. Braces name what is planted; each planted string can be found again in the truth.
TELLING = (
    "My name is {name}, please call {phone}.",
    "Call me at {phone}.",
    "You can write to {email}.",
    "I am {name} and I live at {address}.",
    "It happened at {time}.",
    "Plate {plate}.",
    "License plate {plate}, {other} is the owner.",
    "{other} from {address} saw it too.",
    "Soy {name}, mi teléfono es {phone}.",
    "Contact: {name}, {email}",
    "We are at {address}, ring twice. {name}",
)
STAFF_TELLING = (
    ("Dear {name}, ", ""),
    ("", " Spoke with {name} at {phone}."),
    ("", " Tenant {other} met the inspector at {time}."),
    ("", " Left a message at {phone}."),
    ("", " Owner {other} of {address} was informed."),
    ("", " Resident can be reached under {email}."),
)
# Text as some systems hand it on: escaped twice, or in the wrong alphabet. Nothing is planted in these.
GARBLED = (
    " It&#39;s the 2nd time &amp; nobody came.",
    " Itâ€™s by the cafÃ©.",
    " &lt;sent from the app&gt;",
    " Voilà, déjà vu…",
)
