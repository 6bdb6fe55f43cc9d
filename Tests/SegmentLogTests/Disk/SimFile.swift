/// A file of the simulated disk: its bytes as processes see them, and as they lie on the disk.
final class SimFile {
  static let sectorBytes = 512

  /// The page cache.
  private(set) var cache: [UInt8] = []
  private(set) var disk: [UInt8] = []
  /// What was written since the last sync, in each sector.
  private var unsynced: [Int: Range<Int>] = [:]
  /// Sectors that a failed sync has dropped: the page cache holds them, and calls them clean.
  private var dropped: Set<Int> = []
  /// The smallest that the file was since the last sync: bytes behind it are zeros or new.
  private var shrunkTo: Int?
  /// Blocks that the file has, from its beginning on: to write there needs no room.
  private(set) var allocated = 0
  /// How often it was written to or cut.
  private(set) var changes = 0

  init() {}

  /// As another disk's file is now.
  init(copying other: SimFile) {
    cache = other.cache
    disk = other.disk
    unsynced = other.unsynced
    dropped = other.dropped
    shrunkTo = other.shrunkTo
    allocated = other.allocated
    changes = other.changes
  }

  func write(_ bytes: UnsafeRawBufferPointer, at position: Int) {
    guard !bytes.isEmpty else { return }
    changes += 1
    let end = position + bytes.count
    grow(to: end)
    cache.replaceSubrange(position..<end, with: bytes)
    touch(position..<end)
  }

  func grow(to count: Int) {
    if count > cache.count {
      SimFile.append(zeros: count - cache.count, to: &cache)
    }
    allocated = max(allocated, count)
  }

  func truncate(to count: Int) {
    changes += 1
    if count > cache.count {
      SimFile.append(zeros: count - cache.count, to: &cache)
      return
    }
    cache.removeLast(cache.count - count)
    allocated = min(allocated, count)
    shrunkTo = min(shrunkTo ?? count, count)
    unsynced = unsynced.compactMapValues { range in
      range.lowerBound < count ? range.clamped(to: 0..<count) : nil
    }
  }

  private func touch(_ range: Range<Int>) {
    for sector in range.lowerBound / SimFile.sectorBytes...(range.upperBound - 1)
      / SimFile.sectorBytes
    {
      let part = range.clamped(to: bounds(of: sector))
      guard let before = unsynced[sector] else {
        unsynced[sector] = part
        continue
      }
      unsynced[sector] =
        min(before.lowerBound, part.lowerBound)..<max(before.upperBound, part.upperBound)
    }
  }

  private func bounds(of sector: Int) -> Range<Int> {
    sector * SimFile.sectorBytes..<(sector + 1) * SimFile.sectorBytes
  }

  func sync() {
    resizeDisk(to: cache.count)
    for range in unsynced.values { disk.replaceSubrange(range, with: cache[range]) }
    unsynced = [:]
  }

  /// The sync fails: some sectors have got to the disk, and none is thought dirty any more.
  func failSync(_ random: inout SplitMix) {
    for (sector, range) in unsynced.sorted(by: { $0.key < $1.key }) {
      if range.upperBound <= disk.count, random.oneIn(2) {
        disk.replaceSubrange(range, with: cache[range])
      } else {
        dropped.insert(sector)
      }
    }
    unsynced = [:]
  }

  /// Memory is short: what is thought clean is read from the disk again when it is next wanted.
  func evict() {
    for sector in dropped where unsynced[sector] == nil {
      let range = bounds(of: sector).clamped(to: 0..<cache.count)
      for at in range { cache[at] = at < disk.count ? disk[at] : 0 }
    }
    dropped = []
  }

  /// The power goes. Of each sector, what was not synced is as before, new, zero or anything. Bytes
  /// beside it in the same sector stay, and so do those that were written over with the same: disks
  /// promise to write a sector whole or not at all.
  func losePower(_ random: inout SplitMix) {
    if random.oneIn(2) { resizeDisk(to: cache.count) }
    for (_, whole) in unsynced.sorted(by: { $0.key < $1.key }) {
      let range = whole.clamped(to: 0..<min(disk.count, cache.count))
      let fate = random.below(5)
      if fate < 2 { continue }
      for at in range where disk[at] != cache[at] {
        switch fate {
        case 2: disk[at] = cache[at]
        case 3: disk[at] = 0
        default: disk[at] = UInt8(truncatingIfNeeded: random.next())
        }
      }
    }
    cache = disk
    allocated = disk.count
    unsynced = [:]
    dropped = []
    shrunkTo = nil
  }

  /// The power goes, and nothing that was not synced is there.
  func dropUnsynced() {
    cache = disk
    allocated = disk.count
    unsynced = [:]
    dropped = []
    shrunkTo = nil
  }

  private func resizeDisk(to count: Int) {
    if let shrunkTo, shrunkTo < disk.count { disk.removeLast(disk.count - shrunkTo) }
    shrunkTo = nil
    if count > disk.count { SimFile.append(zeros: count - disk.count, to: &disk) }
  }

  /// As an array, which debug builds copy at once, and not byte by byte.
  private static func append(zeros count: Int, to bytes: inout [UInt8]) {
    bytes += [UInt8](repeating: 0, count: count)
  }

  /// Other bytes lie there from now on, and nothing has said so.
  func rot(_ range: Range<Int>, _ change: (Int, UInt8) -> UInt8) {
    for at in range.clamped(to: 0..<disk.count) {
      disk[at] = change(at, disk[at])
      cache[at] = disk[at]
    }
  }
}
