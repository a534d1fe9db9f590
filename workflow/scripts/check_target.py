from danceit_core.choreography.paintable import read_costs
from danceit_core.evaluation.target_page import draw_check
from danceit_core.imagination.check.captions import writing_near_feet
from danceit_core.imagination.check.findings import write_check
from danceit_core.imagination.check.impossible import check_possible
from danceit_core.imagination.check.measure import measure_target
from danceit_core.imagination.check.samples import take_samples
from danceit_core.imagination.plate.figures import read_filled, read_room
from danceit_core.media.picture import read_picture
from danceit_core.pose.table import read_pose_table
from danceit_core.run import stage

with stage(snakemake):
    given, name = snakemake.input, snakemake.wildcards.target
    cleaned, raw = read_pose_table(given.cleaned), read_pose_table(given.raw)
    dances = (read_pose_table(path) for path in given.dances)
    room, plate, samples = read_room(given.room), read_picture(given.plate), take_samples(given.frames, cleaned)
    about = {"image_size": snakemake.params.image_size, "room": room}
    about |= {"writing_s": writing_near_feet(given.frames, cleaned, plate)}
    about |= {"near_poses": read_costs(given.paintable).near_share}
    figures = measure_target(cleaned, raw, samples=samples, dances=dances, **about)
    check_possible(figures, name=name)
    write_check(snakemake.output.figures, figures)
    drawn = {"plate": plate, "filled": read_filled(given.room)}
    draw_check(snakemake.output.page, figures, name=name, cleaned=cleaned, samples=samples, **drawn)
