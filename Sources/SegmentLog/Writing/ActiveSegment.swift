import DaybookModel
import Files

/// The segment that a partition's writer appends to.
struct ActiveSegment {
  let segment: Segment
  let index: OpenIndex
  let file: File
  let capacity: UInt64
  /// Where the next batch goes.
  var position: UInt64

  var base: Offset { segment.base }
  /// The preparer was asked for the next segment.
  var askedForNext = false

  /// Zeros written ahead make syncs cheap, and double what the disk has to write: worth it only
  /// while there is time for it.
  func isFillingSlowly(_ time: Duration) -> Bool {
    Double(position) < time / .seconds(1) * Double(ActiveSegment.zeroFillBytesPerSecondMax)
  }

  private static let zeroFillBytesPerSecondMax = 1 << 20

  /// At this rate it is full within a second.
  func isFillingFast(_ time: Duration) -> Bool {
    time / .seconds(1) * Double(capacity) < Double(position)
  }

  init(segment: Segment, index: OpenIndex, file: File, capacity: UInt64, position: UInt64) {
    self.segment = segment
    self.index = index
    self.file = file
    self.capacity = capacity
    self.position = position
  }

  /// What a full disk let through must not be taken for data; a file that ends before needs no
  /// zeros.
  func erase(
    from position: UInt64, bytes: Int, _ files: any FileSystem
  ) throws(FileError) {
    let end = try min(files.size(file), position + UInt64(bytes))
    guard end > position else { return }
    try files.erase(file, from: position, to: end)
  }
}
