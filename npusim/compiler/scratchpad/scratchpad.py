"""The scratchpads of all tiles, seen as one space: what rules about them look at, what crosses between tiles."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from math import inf

from npusim.compiler.cutting.fitted import AVOID, WAIT
from npusim.compiler.layouts.folded_columns import NO_FOLDS, Folds
from npusim.compiler.layouts.norm_edges import UNEVEN, norm_edges, normalises_channels
from npusim.compiler.layouts.pixel_lists import Lists
from npusim.compiler.layouts.pixels import PHASES
from npusim.compiler.lowering.head_cuts import NO_HEADS, Heads
from npusim.compiler.lowering.lowered import (
    PRODUCTS,
    batch_of,
    is_elementwise_pass,
    multiplies_weights,
    own_constants,
)
from npusim.compiler.lowering.place import Placed
from npusim.compiler.lowering.reasons import and_also, through_ddr_because
from npusim.compiler.lowering.residence import Residence as Residence
from npusim.compiler.rules.memory_rules import Memory
from npusim.compiler.scratchpad.addresses import Addresses
from npusim.compiler.scratchpad.cut_images import cut_images
from npusim.compiler.scratchpad.guards import guards_of
from npusim.compiler.scratchpad.image_sums import MADE_OVER_CHANNELS, of_many_weights
from npusim.compiler.scratchpad.inside import Inside
from npusim.compiler.scratchpad.joined_halves import through_ddr as half_through_ddr
from npusim.compiler.scratchpad.pooled_stems import pooled_stems
from npusim.compiler.scratchpad.square_means import CROSSES
from npusim.compiler.sharing.distribution import (
    ADDED,
    CONVOLUTIONS,
    COPIED,
    GROUPS,
    IMAGE,
    ONE,
    PARTS,
    joined_over,
    through_ddr,
)
from npusim.compiler.sharing.gated_wholes import gated_wholes
from npusim.compiler.sharing.whole_windows import room_of
from npusim.ops.counting import PIXELS_PER_ROW

OPENED = "opened"  # a copy into a whole that has its place from its first part on (residency.dense_wholes)
# Results put in place row by row by the DMA; a normalisation of channels, shared over them, gets them from DDR on two
# tiles and more (Depth2Space, MVN of 64 channels of 64 x 64 in the schedules of NPU 3720, 4000 and 5010).
BY_ROWS = "put in place row by row, normalised channel by channel"
DSPS_A_TILE = 2
SMALL_BYTES = 16_384  # below, what is scaled and added next stays (`sums_of_scales_stay`)
#: Of a tile: up to so much a kernel waits for all it moves, cut or not, where whole ones do. What fits into NPU 5010's.
WAITING_BYTES = 0.9 * 1439 * 1024


class Scratchpad(Inside):
    """Tensors inside, and what of the machine and of the graph says where they may stay.

    `staying`: those that whoever reads them gets where they lie."""

    def __init__(
        self,
        steps: list[Placed],
        sizes: dict[str, float],
        memory: Memory,
        tiles: int,
        tile_bytes: float,
        part_of: Mapping[str, str],
        generation: str = "",
        staying: frozenset[str] = frozenset(),
        row_pixels: int = PIXELS_PER_ROW,
        takes_apart: bool = False,
        on_all_tiles: frozenset[str] = frozenset(),
        heads: Heads = NO_HEADS,
        folds: Folds = NO_FOLDS,
        halves: Mapping[str, int] | None = None,
        lists: Lists | None = None,
        pads_images: bool = False,
    ) -> None:
        super().__init__(steps, sizes, part_of, tiles * tile_bytes * memory.resident_share)
        self.folds = folds
        self.lists = lists or Lists((), ())
        self.halves = halves or {}  # Concats and the slices they take (joined_halves)
        self.heads, self.on_all_tiles = heads, on_all_tiles  # these written so by passes that share rows
        self.takes_apart = takes_apart  # batches of products, so that each of them runs alone
        self.staying = staying
        self.memory, self.generation = memory, generation
        self.tiles = tiles
        self.tile_bytes = tile_bytes
        self.pipelined_bytes = tiles * tile_bytes * memory.pipelined_share
        self.kernels_wait = generation in memory.kernel_pieces_wait
        self.thrice = tile_bytes * (generation in memory.weights_three_times)  # of streamed blocks; else 0
        self.whole_kernels_wait = self.kernels_wait or generation in memory.whole_kernels_wait
        self.two_axes = WAIT if generation in memory.cuts_over_two_axes_wait else ""
        if generation in memory.cuts_over_one_axis:
            self.two_axes = AVOID
        self.images_in_turn = generation in memory.images_in_turn
        self.turned_first = generation in memory.batches_turned_first
        self.batches_wait = generation in memory.batches_wait
        self.fills_results = generation in memory.results_filled
        self.whole = room_of(memory, generation, tile_bytes, pads_images)
        self.pooled_stems: frozenset[str] = frozenset()
        if generation in memory.pooled_stems_cross:
            self.pooled_stems = pooled_stems(steps, sizes, tiles, tile_bytes, self.whole.steps_of)
        self.overflowing = memory.overflowing_weights.get(generation, 0.0)
        self.rows_around = generation in memory.rows_around
        self.parts_apart = generation in memory.shared_parts_through_ddr
        self.scores_of_two = generation in memory.scores_of_two_through_ddr
        self.kernels_end = generation in memory.kernels_without_halo
        self.kernels_apart = generation in memory.kernels_apart
        self.as_scheduled = memory.as_scheduled
        self.softmaxes = {n for s in steps if s.node.op_type == "Softmax" for n in s.writes}
        self.guards = guards_of(steps, self.uses)
        self.product_reader = memory.products_stay.get(generation, "")
        self.leave: set[str] = set()  # results of kernels whose input stayed (`products_stay`)
        self.in_one_place = generation in memory.room_in_one_place
        leaves = memory.addresses_followed.get(generation)
        dsps = DSPS_A_TILE * tiles
        self.addresses: Addresses | None = None
        if leaves:
            whole = generation in memory.windows_held_whole
            gated = gated_wholes(steps, sizes, memory.gated_whole.get(generation, 0.0) if tiles > 1 else 0.0)
            self.addresses = Addresses(
                steps, tiles, dsps, tile_bytes, leaves == "inputs", whole, gated, self.rows_around
            )
        self.gated_in_pieces: set[str] = set()  # joined in DDR, read there by their mean and by their scale
        self.made_room: set[str] = set()  # in DDR for no other reason than that others found no room
        self.made_of_little: set[str] = set()  # results of more than twice what was read
        self.place_tables = memory.place_tables.get(generation, "")
        self.by_columns = generation in memory.pools_by_columns
        many_share = memory.sums_of_many_weights_cross.get(generation, inf)
        self.of_many_weights = of_many_weights(steps, sizes, many_share * tiles * tile_bytes)
        self.over_channels: dict[str, int] = {}  # results of folded images, in pieces of channels
        self.pooled: frozenset[str] = frozenset()  # those that poolings read over channels
        self.square_means: frozenset[str] = frozenset()
        self.phases_in_planes: frozenset[str] = frozenset()  # what a pass takes from DDR as it leaves
        self.rows_apart: frozenset[str] = frozenset()  # results of phases that tiles share unequally
        self.lines: frozenset[str] = frozenset()  # as convolutions along one axis see them
        # Those read otherwise than they lie, each with what is made of it: why they go through DDR in between.
        self.crossing: dict[tuple[str, str], str] = {}
        self.cuts_lines = generation in memory.long_lines_in_pieces
        self.operands_in_strips = generation in memory.operands_in_strips
        self.norms_in_strips = generation in memory.norms_in_strips
        self.by_kernel: set[str] = set()  # tensors on planes that a DSP kernel made
        self.shared_otherwise: set[str] = set()  # what crosses for the tiles' sharing alone
        self.written_out = {n for s in steps if s.node.op_type == "Broadcast" for n in s.writes}
        self.edges = norm_edges(steps, tiles)
        self.stays = {name for name, _ in self.edges}
        # An input that the DMA converts and a pass makes 8-bit lies in the tiles already.
        self.quantised_next = {n for s in steps if s.node.op_type == "QuantizeLinear" for n in s.reads}
        self.cut_out, self.cut_inside = cut_images(
            steps, part_of, generation in memory.split_channels_stay, self.parts_apart
        )
        self.convolved = {n for s in steps if s.node.op_type in CONVOLUTIONS for n in s.writes}
        self.put_in_place = {n for s in steps if s.lowering in PHASES for n in s.writes}
        self.joined_next = {n for s in steps if s.node.op_type == "Concat" for n in s.reads}
        self.kept_by_array: set[str] = set()  # what the MAC array left inside, and no whole in DDR has yet
        self.joined_over = joined_over(steps, *memory.joined_in_ddr(generation), tiles)
        self.read_by_parts: frozenset[str] = frozenset()  # wholes of dense blocks that nobody puts together
        self.by_batch = {n for s in steps if batch_of(s.steps) is not None for n in s.writes}
        self.norms_stay = generation in memory.norms_of_phases_stay
        self.row_pixels = row_pixels
        adding = generation in memory.sums_of_scales_stay  # small tensors that one element-wise pass reads
        self.added_next = {
            n for step in steps if adding and is_elementwise_pass(step.steps) for n in step.reads
            if sizes[n] < SMALL_BYTES and len(self.uses.get(n, ())) == 1
        }  # fmt: skip
        self.opened = {n for s in steps if s.lowering == OPENED for n in s.writes}
        self.for_products: set[str] = set()  # read from DDR by a product with weights, for the next as well
        self.apart: set[str] = set()  # in DDR for no other reason than that there are several tiles

    def waits_whole(self, step: Placed, nbytes: float) -> bool:
        """Whether a kernel of `nbytes` of inputs and results waits for all it reads, and is written when done."""
        most = float("inf") if self.kernels_wait else WAITING_BYTES * self.tiles
        return step.engine == "dsp" and self.whole_kernels_wait and nbytes <= most

    def cross_tiles(self, step: Placed, sharing: str, r: Residence) -> None:
        """Tensors whose parts lie on other tiles than this step wants them go through DDR; so does one that is
        read in another shape. On one tile operands of a batch that is taken apart do, which come problem by problem."""
        if self.takes_apart and own_constants(step.steps, step.fixed_bytes):
            if self.spill_all(step.reads, r):
                r.reason = "input through DDR problem by problem, as Intel's compiler takes a batch of constants apart"
            return
        if self.tiles == 1 and (not self.takes_apart or step.fixed_bytes or batch_of(step.steps) is None):
            # what was turned part by part, and what is to be, crosses on one tile too
            for name in step.reads:
                holder = self.holder(name)
                made = self.sharings.get(holder, sharing) if holder is not None else COPIED
                if holder is not None and made != COPIED and PARTS in (made, sharing):
                    self.spill(holder, r)
            return
        product = multiplies_weights(step.node.op_type, step.steps, step.fixed_bytes)
        if is_elementwise_pass(step.steps) and not self.of_many_weights.isdisjoint(step.reads):
            for holder in [h for n in step.reads if (h := self.holder(n)) is not None]:
                self._apart(holder, MADE_OVER_CHANNELS, r)
            return
        masked = bool(self.written_out) and not self.written_out.isdisjoint(step.reads)
        for name in step.reads:
            holder = self.holder(name)
            if holder is None or holder in self.staying or self.sharings.get(holder) == COPIED:
                continue
            if name in self.halves and holder != name:
                if half_through_ddr(step, self.halves[name]):
                    self.write_too(name, r)
                    r.loads = [(name, self.sizes[name], 1)]
                continue
            if masked and (self.sharings.get(holder), sharing) == (GROUPS, ADDED):
                continue  # scores wait for a mask of their size inside (both layers of BERT in Intel's schedules)
            stays = self.edges.get((name, step.writes[0])) if self.edges else None
            if stays:
                continue
            if stays is False:
                self._apart(holder, UNEVEN, r)
                continue
            if step.writes[0] in self.square_means:
                self.write_too(name, r)
                r.loads = [(name, self.sizes[name], 1)]
                r.reason = through_ddr_because("input", CROSSES)
                continue
            made = self.sharings.get(holder, sharing)
            if not self.memory.natural_cuts and ONE not in (made, sharing):
                made = sharing
            alone = (product and name in self.for_products) or name in self.lines
            readers = len(self.uses[holder]) if self.memory.natural_cuts and not alone else 1
            reshaped = self.memory.reshape_through_ddr and name in step.reshaped
            reshaped &= name not in self.cut_inside or step.engine != "dsp"
            reshaped &= not (product and made == IMAGE and self._rows_as_they_lie(holder, step))
            if name in self.put_in_place and normalises_channels(step):
                self._apart(holder, BY_ROWS, r)
            elif reshaped or through_ddr(made, sharing, readers):
                why = "read in another shape" if reshaped else f"made over {made}, wanted over {sharing}"
                if made == sharing and not reshaped:
                    why = "read by several"
                if self.tiles == 1:
                    self.spill(holder, r)
                    r.reason = f"input through DDR problem by problem, as Intel's compiler takes a batch apart ({why})"
                    continue
                self._apart(holder, why, r)

    def _rows_as_they_lie(self, image: str, product: Placed) -> bool:
        """Whether a product alone reads a convolution's pixels as rows: it is one of a single tap, behind the other
        (28 x 28 and 32 x 32 pixels of 128 channels stay in Intel's schedules of NPU 3720, 4000 and 5010)."""
        convolved = image in self.convolved and product.node.op_type in PRODUCTS
        return convolved and len(self.uses[image]) == 1

    def _apart(self, holder: str, why: str, r: Residence) -> None:
        """A tensor goes through DDR because there are several tiles: its maker and its reader say so."""
        maker = self.made_by.get(holder)
        self.spill(holder, r)
        self.apart.add(holder)
        r.reason = through_ddr_because("input", why)
        if maker is not None:
            maker.reason = and_also(maker.reason, through_ddr_because("result", why))

    def also_apart(self, names: Iterable[str]) -> bool:
        """Whether one of these tensors, or one it is a part of, is in DDR because there are several tiles."""
        return bool(self.apart) and any(n in self.apart for name in names for n in self.wholes(name))
