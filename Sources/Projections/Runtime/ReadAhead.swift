import DaybookModel
import DaybookSchema
import Foundation
import Ports

/// A chunk of the log with its events.
struct DecodedChunk {
  let chunk: LogChunk
  /// One for each of the chunk's.
  let batches: [DecodedBatch]
}

/// While much of the log is folded, reads and decodes the next chunk on a thread that is there for that
/// alone. What fails here is done again by whoever folds, who then meets the fault at its place.
///
/// `@unchecked Sendable`: all that changes is under the condition's lock, but for the names, which
/// belong to the one thread that reads.
final class ReadAhead: @unchecked Sendable {
  struct Place: Equatable, Sendable {
    let partition: PartitionID
    let from: Offset
  }

  private let log: any SearchableLog
  private let chunkBytes: Int
  /// Made by the first that reads: a server that is at the head needs none.
  private lazy var names = NameCache()
  // Guards what follows.
  private let condition = NSCondition()
  private var place: Place?
  private var isReading = false
  private var outcome: DecodedChunk?

  init(_ log: any SearchableLog, chunkBytes: Int) {
    self.log = log
    self.chunkBytes = chunkBytes
  }

  /// Begins to read there, unless something is being read.
  func begin(_ next: Place) {
    condition.lock()
    defer { condition.unlock() }
    guard !isReading, place != next else { return }
    (place, outcome, isReading) = (next, nil, true)
    let thread = Thread { self.read(next) }
    thread.name = "projections-ahead"
    thread.start()
  }

  /// What was read there, once it is; nil if nothing was, or it failed.
  func take(_ wanted: Place) -> DecodedChunk? {
    condition.lock()
    defer { condition.unlock() }
    guard place == wanted else { return nil }
    while isReading { condition.wait() }
    defer { (place, outcome) = (nil, nil) }
    return outcome
  }

  /// Returns once nothing is being read.
  func settle() {
    condition.lock()
    defer { condition.unlock() }
    while isReading { condition.wait() }
  }

  private func read(_ place: Place) {
    let chunk = try? decode(place)
    condition.lock()
    defer { condition.unlock() }
    assert(isReading && self.place == place, "one place is read at a time")
    (outcome, isReading) = (chunk, false)
    condition.broadcast()
  }

  private func decode(_ place: Place) throws(DaybookError) -> DecodedChunk {
    let chunk = try log.read(place.partition, from: place.from, bytesMax: chunkBytes)
    var batches: [DecodedBatch] = []
    for batch in chunk.batches {
      var events = ContiguousArray(repeating: EventDecoding.blank, count: batch.count)
      try batch.forEachEvent { index, bytes throws(DaybookError) in
        try EventDecoding.decode(bytes, names: names, into: &events[index])
      }
      batches.append(DecodedBatch(of: batch, events: events))
    }
    return DecodedChunk(chunk: chunk, batches: batches)
  }
}
