"""What a compiler profile says of memory: shares of the scratchpad, and what crosses DDR on which generation."""

from dataclasses import field
from typing import Literal

from npusim.arch.records import Strict


class Memory(Strict):
    """Shares of the scratchpad: `resident` for what stays between steps, `pipelined` for a step in pieces.

    `turned_through_ddr`: generations on which the right side of a batched product that is an input of the graph goes
    through DDR once it is turned.
    `rows_around`: generations on which a tile holds the rows around its own of what a window reads.
    `scaled_lines_cross`: ... a line crosses DDR between a window along it and a scale of its channels.
    `padded_by_copy`: generations on which an input image whose pixels are no whole sixteens is copied with padding
    before it is loaded.
    `kernel_pieces_wait`: generations on which the pieces of a DSP kernel wait for their transfers;
    `whole_kernels_wait`: ... one that is not cut waits for all of them;
    `cuts_over_two_axes_wait`: ... those of a product that is cut over two of its rows, channels and terms.
    `cuts_over_one_axis`: ... such a product is cut over one of them where that costs little more.
    `batches_wait`: ... the weights of a convolution that goes image by image.
    `results_filled`: generations where a convolution's result takes the room of whole sixteens of channels.
    `images_in_turn`: generations on which images of a batch pass convolutions and poolings one by one
    (npusim.compiler.planes.image_chains); `batches_turned_first`: ... all are turned before, through DDR.
    `lines_at_once`: generations on which a batch of lines is one image to a convolution
    (npusim.compiler.lowering.batched_lines).
    `images_on_tiles`: ... every tile takes one where there are as many (npusim.compiler.layouts.images_on_tiles);
    `batched_windows_once`: ... and windows for each channel of all of them are priced as of one.
    `kernels_without_halo`: generations on which a window (a convolution of more than one tap, a pooling) reads the
    result of a DSP kernel through DDR: a kernel does not write the rows its neighbour on the next tile needs.
    `moves_without_halo`: ... reads through DDR what the DMA puts in place row by row, for the same reason.
    `pixels_in_strips`: generations on which the DMA takes pixels from channels in strips, beside the convolution that
    makes these, and puts them together in DDR (npusim.compiler.layouts.pixels).
    `planes_added_whole`: generations on which every tile adds all of such an image to planes that have room beside it.
    `shared_as_made`: generations on which a kernel on a plane is shared over the tiles as what it reads
    (npusim.compiler.residency.kernel_sharing).
    `kernels_share_unevenly`: generations on which tiles share a kernel's channels another way than the array's
    (npusim.compiler.residency.uneven_kernels).
    `kernels_apart`: generations on which a DSP kernel never writes over its input.
    `norms_of_phases_stay`: generations on which a normalisation of what a transposed convolution puts in place leaves
    its result inside, on all tiles.
    `sums_of_scales_stay`: generations on which a small tensor that is scaled and added next stays inside even where its
    inputs came from DDR.
    `shared_parts_through_ddr`: generations on which a Concat of no images goes through DDR when others read one of its
    parts too, however small; elsewhere where it is no small one.
    `channels_joined_in_ddr`: generations on which a Concat of what the tiles share over channels goes through DDR.
    `shared_parts_in_ddr_rows`: by generation, up to how many rows of a plane parts of a Concat are put together in DDR
    where others read one of them too.
    `halves_joined`: by generation, up to which share of all scratchpads a Concat of slices of a Split is put together
    inside (npusim.compiler.scratchpad.joined_halves).
    `wholes_in_one_tile`: generations on which all of a Concat must fit into one tile beside what a reader makes of it
    (npusim.compiler.scratchpad.joined_halves).
    `dense_wholes`: generations on which the wholes of dense blocks have their places from their first part on
    (npusim.compiler.residency.dense_wholes).
    `lists_copied`: generations on which maps are copied within DDR into a list of their pixels
    (npusim.compiler.layouts.pixel_lists).
    `padded_channels_in_ddr`: generations on which channels of a constant are put in DDR beside those of an image that
    others read too (npusim.compiler.residency.padded_channels).
    `split_channels_stay`: generations on which kernels get the parts of a convolution that a Split cuts from inside
    where the tiles share its channels, too (npusim.compiler.scratchpad.cut_images).
    `overflowing_weights`: by generation, which share of a recurrence's weights that do not fit crosses again in each
    step (npusim.compiler.residency.recurrence).
    `image_norm_rows`: by generation, above how many rows the input of a normalisation of an image's channels crosses
    DDR on several tiles; `added_norms_stay`: generations on which it does not where something is added to the result;
    `norms_apart_above`: by generation, above which share of all scratchpads what its kernel makes crosses DDR;
    `norms_read_in_strips`: generations on which a convolution that does not fit as a whole reads that from DDR
    (npusim.compiler.residency.image_norms).
    `strips_both_ways`: generations that cut a plane into many strips along both axes.
    `sums_of_many_weights_cross`: by generation, from which share of a tile for a convolution's weights there on what it
    makes is added through DDR (npusim.compiler.scratchpad.image_sums).
    `square_means_cross`: by generation, up to how many rows an oblong plane stays for the mean over it
    (npusim.compiler.scratchpad.square_means).
    `long_lines_in_pieces`: generations on which lines of more than 8,192 places are convolved in pieces through DDR
    (npusim.compiler.residency.long_lines).
    `lone_constants`: of which products that are alone the constants cross a slice a tile: whose channels the tiles
    share, or all (npusim.compiler.weights.own_weights).
    `images_over_channels`: ... the first convolution over channels, its image inside
    (npusim.compiler.planes.image_channels).
    `folded_images_pooled`: generations on which the convolution of a folded image hands its result through DDR to a
    pooling that the tiles share over channels (npusim.compiler.layouts.pooled_images).
    `uneven_sums_cross`: generations on which sums of uneven channels without padding cross DDR where the tiles share
    other rows of them than of the images beside (npusim.compiler.layouts.uneven_sums).
    `turns_in_strips`: generations on which the pass that turns an image of the graph is cut together with its reader
    where the graph does nothing else with it;
    `operands_in_strips`: ... the pass that turns an operand of a product, which takes two problems as any others;
    `problems_turned_in_fours`: by generation, that pass counts a tile's problems in fours unless both their sides have
    so many elements.
    `norms_in_strips`: ... on which a piece of rows goes through all passes of a normalisation.
    `pools_by_columns`: generations on which a first axis, expanded to sixteen channels, is pooled column by column.
    `whole_copies`: generations on which a copy from DDR to DDR is one transfer on one port.
    `elementwise_stay`: generations on which one element-wise step reads another's result where it lies.
    `outer_products`: by generation, from how many tokens on products larger than both operands stay for their reader
    or are cut together with it (npusim.compiler.chains.outer_products).
    `scan_states_stay`, `scan_products_stay`: generations on which what an unrolled scan makes stays inside
    (npusim.compiler.chains.scans).
    `guarded_sums_cross`: by generation, which large heads' scores cross DDR between their mask and a softmax that is
    guarded (npusim.compiler.chains.guarded).
    `sequences_by_tiles`: whether a tile's DSPs share the sequences of an LSTM's kernel where every tile has two of them
    alone; 4 of them would take longer on three tiles than on two.
    `scores_of_two_through_ddr`: generations on which scores of keys that fill no sixteens cross DDR where those of two
    heads fit, not of three: a profile that does so is slower with more of the scratchpad.
    `masked_scores`: by generation, how the softmax of scores that a mask made as the network runs is added to is cut
    (npusim.compiler.chains.masked).
    `heads_in_rows`: generations on which masked scores of a few heads more than tiles cross DDR with all made of them
    (npusim.compiler.chains.uneven_heads).
    `activated_in_step`: generations on which products are cut together with the kernel behind them, from how many bytes
    of a result on.
    `halves_odd_slices`: generations on which the ports share a tile's slice that is left over when each has as many.
    `planes_as_scheduled`: steps on planes are cut together as in Intel's schedules (npusim.compiler.planes.scheduled).
    `as_scheduled`: lines, batches and sums are laid out as there, too, where a larger one may be cheaper.
    `borders_apart`: by generation, what of an average pooling that does not count its padding goes through DDR: its
    `result` alone, the input of its `edges`, or `all` of it (npusim.compiler.residency.borders).
    `room_in_one_place`: generations on which a DSP kernel has its large input written to DDR and read back where there
    is no room in one place for its large result.
    `addresses_followed`: by generation, who leaves where in a tile images find no room in one place among weights that
    were fetched ahead: `others` than the step's own inputs, or these `inputs`, too
    (npusim.compiler.scratchpad.addresses).
    `gated_whole`: by generation, up to how many bytes an image that a gate scales lies whole on every tile
    (npusim.compiler.sharing.gated_wholes).
    `windows_held_whole`: generations whose tiles share depthwise convolutions over channels where a tile holds what
    these read and make whole, and no share is more work than one of rows (npusim.compiler.sharing.tile_bytes).
    `products_stay`: by generation, for which engine's step a product that would be cut over channels and joined in DDR
    stays inside where what a tile holds for it is little (npusim.compiler.residency.joined).
    `enlarged_by_lines`: by generation, above how many bytes in and out images are enlarged linearly line by line
    through DDR, not by one kernel (npusim.compiler.residency.enlarged_lines); `enlarged_whole_by_lines`: generations
    on which those alone are that grow by whole factors.
    `place_tables`: by generation, which images have pointers and a map loaded for their places: those `spread` out with
    zeros, or `all`, enlarged ones too (npusim.compiler.lowering.place_tables).
    `windows_whole_but`: generations on which windows run whole that fit into a tile but for so many bytes, and are cut
    with their neighbours where they do not; `windows_in_steps_of`: what their tensors are rounded up to.
    `poolings_whole_but`: the same for poolings and for the first convolution of an image, and on the generations of
    `depthwise_whole` for a window at a stride over each channel by itself.
    `pooled_stems_cross`: generations on which what that hands on to a pooling crosses DDR where there is no room in one
    place (npusim.compiler.scratchpad.pooled_stems).
    `sums_pipelined`: generations on which a window, the kernel behind it and the addition behind that run at the same
    time, from how many bytes of a result on (npusim.compiler.planes.pairs).
    `images_pipelined`: generations on which the convolution of an image that is not folded is cut together with the
    kernel and the convolution behind it, its padded image through DDR (npusim.compiler.planes.image_stems).
    `windows_cut_alone`: generations on which a window at a stride of two over each channel, whose result alone finds no
    room, is cut over channels by itself (npusim.compiler.planes.scheduled).
    `blocks_by_time`: blocks of a product are chosen by the times of the generation's preset, not by counts.
    `expands_in_pieces`: what an Expand makes that does not fit into a tile is made piece by piece, or within DDR
    (npusim.compiler.layouts.expanded).
    `channels_in_sixteens`: by generation, how many DSPs of a tile normalise channels of an image where the tiles have
    uneven sixteens of them (npusim.compiler.layouts.channel_shares).
    `kernels_by_heads`: by generation, how the DSPs of a tile share its heads or rows where the tiles have unequal
    ones (npusim.compiler.sharing.head_shares).
    `negated_apart`: generations on which what is subtracted crosses DDR between its negation and the addition where the
    tiles share the two otherwise.
    `uneven_filled`: generations on which tensors of no whole sixteens are added as images whose channels are filled up.
    `taps_by_weights`: generations on which taps that lie apart are taken one by one where windows spread out with
    zeros would have too many weights.
    `pads_few_terms`: generations on which few terms of weights are filled up to sixteens by a transfer.
    `scales_between_sums_stay`: generations on which few rows stay between products, sums and scales of their channels
    (npusim.compiler.chains.sums_and_scales).
    `rows_of_batches`: generations on which the tiles share the sequences of a batch whole between products, and whether
    shifts of normalisations are passes of their own (npusim.compiler.layouts.rows_of_batch).
    `streamed_over_channels`: generations whose tiles share the channels of a convolution on a small plane whose weights
    stream and do not fit twice into one tile.
    `weight_pieces_in_ddr`: generations on which a convolution that fits is cut over channels for its weights, and a
    large result of it joined in DDR (npusim.compiler.residency.weight_pieces).
    `weights_three_times`: generations on which a tile has room for three pieces of streamed weights, not two.
    `late_as_read`: which steps run right in front of what reads them first: windows of `images`, or `all`,
    products with weights and scales too (npusim.compiler.late)."""

    resident_share: float
    pipelined_share: float
    prefetch_steps: int
    follow_input: bool = True
    reshape_through_ddr: bool = False
    natural_cuts: bool = False
    turned_through_ddr: tuple[str, ...] = ()
    rows_around: tuple[str, ...] = ()
    scaled_lines_cross: tuple[str, ...] = ()
    padded_by_copy: tuple[str, ...] = ()
    kernel_pieces_wait: tuple[str, ...] = ()
    whole_kernels_wait: tuple[str, ...] = ()
    cuts_over_two_axes_wait: tuple[str, ...] = ()
    cuts_over_one_axis: tuple[str, ...] = ()
    batches_wait: tuple[str, ...] = ()
    results_filled: tuple[str, ...] = ()
    images_in_turn: tuple[str, ...] = ()
    lines_at_once: tuple[str, ...] = ()
    batches_turned_first: tuple[str, ...] = ()
    images_on_tiles: tuple[str, ...] = ()
    batched_windows_once: tuple[str, ...] = ()
    kernels_without_halo: tuple[str, ...] = ()
    moves_without_halo: tuple[str, ...] = ()
    pixels_in_strips: tuple[str, ...] = ()
    planes_added_whole: tuple[str, ...] = ()
    shared_as_made: tuple[str, ...] = ()
    kernels_share_unevenly: tuple[str, ...] = ()
    kernels_apart: tuple[str, ...] = ()
    sums_of_scales_stay: tuple[str, ...] = ()
    norms_of_phases_stay: tuple[str, ...] = ()
    shared_parts_through_ddr: tuple[str, ...] = ()
    channels_joined_in_ddr: tuple[str, ...] = ()
    lists_copied: tuple[str, ...] = ()
    halves_joined: dict[str, float] = field(default_factory=dict)
    wholes_in_one_tile: tuple[str, ...] = ()
    dense_wholes: tuple[str, ...] = ()
    padded_channels_in_ddr: tuple[str, ...] = ()
    shared_parts_in_ddr_rows: dict[str, float] = field(default_factory=dict)
    split_channels_stay: tuple[str, ...] = ()
    overflowing_weights: dict[str, float] = field(default_factory=dict)
    image_norm_rows: dict[str, int] = field(default_factory=dict)
    problems_turned_in_fours: dict[str, int] = field(default_factory=dict)
    added_norms_stay: tuple[str, ...] = ()
    norms_apart_above: dict[str, float] = field(default_factory=dict)
    norms_read_in_strips: tuple[str, ...] = ()
    strips_both_ways: tuple[str, ...] = ()
    images_over_channels: tuple[str, ...] = ()
    folded_images_pooled: tuple[str, ...] = ()
    uneven_sums_cross: tuple[str, ...] = ()
    sums_of_many_weights_cross: dict[str, float] = field(default_factory=dict)
    square_means_cross: dict[str, int] = field(default_factory=dict)
    long_lines_in_pieces: tuple[str, ...] = ()
    turns_in_strips: tuple[str, ...] = ()
    operands_in_strips: tuple[str, ...] = ()
    norms_in_strips: tuple[str, ...] = ()
    pools_by_columns: tuple[str, ...] = ()
    whole_copies: tuple[str, ...] = ()
    halves_odd_slices: tuple[str, ...] = ()
    planes_as_scheduled: bool = False
    as_scheduled: bool = False
    windows_cut_alone: tuple[str, ...] = ()
    blocks_by_time: bool = False
    borders_apart: dict[str, Literal["result", "edges", "all"]] = field(default_factory=dict)
    room_in_one_place: tuple[str, ...] = ()
    addresses_followed: dict[str, Literal["others", "inputs"]] = field(default_factory=dict)
    gated_whole: dict[str, float] = field(default_factory=dict)
    windows_held_whole: tuple[str, ...] = ()
    products_stay: dict[str, Literal["dsp", "mac_array"]] = field(default_factory=dict)
    elementwise_stay: tuple[str, ...] = ()
    activated_in_step: dict[str, float] = field(default_factory=dict)
    sums_pipelined: dict[str, float] = field(default_factory=dict)
    images_pipelined: tuple[str, ...] = ()
    windows_whole_but: dict[str, float] = field(default_factory=dict)
    poolings_whole_but: dict[str, float] = field(default_factory=dict)
    depthwise_whole: tuple[str, ...] = ()
    pooled_stems_cross: tuple[str, ...] = ()
    windows_in_steps_of: dict[str, float] = field(default_factory=dict)
    sequences_by_tiles: bool = False
    scores_of_two_through_ddr: tuple[str, ...] = ()
    guarded_sums_cross: dict[str, Literal["two heads", "beyond two heads", "beyond a head"]] = field(
        default_factory=dict
    )
    masked_scores: dict[str, Literal["apart", "whole", "with product"]] = field(default_factory=dict)
    heads_in_rows: tuple[str, ...] = ()
    place_tables: dict[str, Literal["spread", "all"]] = field(default_factory=dict)
    enlarged_by_lines: dict[str, float] = field(default_factory=dict)
    enlarged_whole_by_lines: tuple[str, ...] = ()
    pads_few_terms: tuple[str, ...] = ()
    taps_by_weights: tuple[str, ...] = ()
    negated_apart: tuple[str, ...] = ()
    uneven_filled: tuple[str, ...] = ()
    rows_of_batches: dict[str, Literal["shifts apart", "whole"]] = field(default_factory=dict)
    streamed_over_channels: tuple[str, ...] = ()
    expands_in_pieces: bool = False
    channels_in_sixteens: dict[str, Literal["one_dsp", "all_dsps"]] = field(default_factory=dict)
    kernels_by_heads: dict[str, Literal["whole", "even"]] = field(default_factory=dict)
    weight_pieces_in_ddr: tuple[str, ...] = ()
    weights_three_times: tuple[str, ...] = ()
    scales_between_sums_stay: tuple[str, ...] = ()
    outer_products: dict[str, int] = field(default_factory=dict)
    scan_states_stay: tuple[str, ...] = ()
    scan_products_stay: tuple[str, ...] = ()
    late_as_read: Literal["", "images", "all"] = ""
    lone_constants: Literal["", "shared", "all"] = ""
    source: str

    def joined_in_ddr(self, generation: str) -> tuple[bool, float]:
        """Whether parts that lie over channels are joined in DDR, and up to how many rows those that others read."""
        return generation in self.channels_joined_in_ddr, self.shared_parts_in_ddr_rows.get(generation, 0)
