import DaybookModel
import Files
import Glibc

/// The highest offset below which anyone states that a partition was durable. Below it nothing may
/// be missing: a log that ends before it is damaged, whatever it looks like by itself.
struct DurableFloor: Equatable, Sendable {
  private(set) var offset = Offset.zero
  /// Who states it.
  private(set) var by = ""

  mutating func state(_ offset: Offset, by witness: String) {
    if offset > self.offset { (self.offset, by) = (offset, witness) }
    assert(self.offset >= offset, "the floor is no lower than what anybody has stated")
    assert(self.offset == .zero || !by.isEmpty, "a floor has a witness")
  }
}

/// What a partition's watermark file says of it. A file that says nothing is not one that says
/// "nothing was durable".
enum WatermarkStatement: Equatable, Sendable {
  case stated(WatermarkSlot)
  case unknown(reason: String)

  /// Throws only where no file can be opened for now.
  static func read(
    _ files: any FileSystem, folder: String, _ seeds: PartitionSeeds, partition: PartitionID
  ) throws(FileError) -> WatermarkStatement {
    let bytes: [UInt8]
    do throws(FileError) {
      // One that somebody has appended to is still worth a look.
      bytes = try files.start(
        of: "\(folder)/\(FileNames.watermark)", bytesMax: WatermarkSlot.fileBytes)
    } catch {
      if error.isOutOfFiles { throw error }
      return .unknown(reason: error.number == ENOENT ? "it is missing" : "\(error)")
    }
    let slot = bytes.withUnsafeBytes {
      WatermarkSlot.newest($0, seeds.all, partition: partition)
    }
    assert(slot.map { $0.partition == partition } ?? true, "only this partition's slots count")
    return slot.map { .stated($0) } ?? .unknown(reason: "neither of its slots is valid")
  }

  var slot: WatermarkSlot? {
    if case .stated(let slot) = self { slot } else { nil }
  }
}
