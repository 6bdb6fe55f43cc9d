import DaybookModel

/// Events of one batch, message contents left out.
struct DecodedBatch {
  let partition: PartitionID
  private let baseOffset: Offset
  /// Of each event; nil where they follow each other from `baseOffset` on.
  private let offsets: [Offset]?
  var events: ContiguousArray<Event>
  /// The first event that the projector has not folded before.
  var first = 0

  init(of batch: CommittedBatch, events: ContiguousArray<Event>) {
    assert(events.count == batch.count, "an event for each that the batch counts")
    partition = batch.partition
    baseOffset = batch.baseOffset
    offsets = batch.offsets
    self.events = events
  }

  func offset(of index: Int) -> Offset {
    assert(events.indices.contains(index), "an event of the batch")
    return offsets.map { $0[index] } ?? baseOffset.advanced(by: index)
  }
}
