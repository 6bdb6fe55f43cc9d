import DaybookModel

/// Events of one batch, message contents left out.
struct DecodedBatch {
  let partition: PartitionID
  private let baseOffset: Offset
  /// Of each event; nil where they follow each other from `baseOffset` on.
  private let offsets: [Offset]?
  let count: Int
  /// The batch's, and behind them what an earlier one has left.
  var events: ContiguousArray<Event>
  /// The first event that the projector has not folded before.
  var first = 0

  /// Of those that the projector has not folded before.
  var indices: Range<Int> { first..<count }

  init(of batch: CommittedBatch, events: ContiguousArray<Event>) {
    assert(events.count >= batch.count, "an event for each that the batch counts")
    count = batch.count
    partition = batch.partition
    baseOffset = batch.baseOffset
    offsets = batch.offsets
    self.events = events
  }

  func offset(of index: Int) -> Offset {
    assert((0..<count).contains(index), "an event of the batch")
    return offsets.map { $0[index] } ?? baseOffset.advanced(by: index)
  }
}
