import DaybookModel

/// The header of an index file, and where its sections lie: `schemas/log-format.md`, "Index".
struct IndexLayout: Equatable, Sendable {
  static let byteCount = 96
  static let magic: UInt32 = 0x3158_5944  // "DYX1"
  static let version: UInt16 = 3
  static let placeBytes = 8
  static let keyBytes = 32

  var facts: SegmentFacts
  var places: Int
  var filterWords: Int
  var streams: Int
  var conversations: Int
  var origins: Int
  var entries: Int
  /// Of everything behind the header.
  var sectionsChecksum: UInt32 = 0

  var filterAt: Int { IndexLayout.byteCount + places * IndexLayout.placeBytes }
  var originFilterAt: Int { filterAt + filterWords * 8 }
  var originFilterWords: Int { BloomFilter.wordCount(keys: origins) }
  var streamsAt: Int { originFilterAt + originFilterWords * 8 }
  var conversationsAt: Int { streamsAt + streams * IndexLayout.keyBytes }
  var originsAt: Int { conversationsAt + conversations * IndexLayout.keyBytes }
  var valuesAt: Int { originsAt + origins * IndexLayout.keyBytes }
  var deltasAt: Int { valuesAt + entries * 8 }
  var fileBytes: Int { deltasAt + entries * 4 }

  func encode(into bytes: UnsafeMutableRawBufferPointer, _ seed: LogSeed) {
    bytes.storeLittle(IndexLayout.magic, at: 0)
    bytes.storeLittle(IndexLayout.version, at: 4)
    bytes.storeLittle(facts.partition.rawValue, at: 6)
    bytes.storeLittle(facts.baseOffset.rawValue, at: 8)
    bytes.storeLittle(facts.nextOffset.rawValue, at: 16)
    bytes.storeLittle(facts.bytesUsed, at: 24)
    bytes.storeLittle(facts.chainBefore, at: 32)
    bytes.storeLittle(facts.chainAfter, at: 36)
    bytes.storeLittle(facts.lastRecordedAt.milliseconds, at: 40)
    bytes.storeLittle(facts.messageIDMax, at: 48)
    bytes.storeLittle(facts.lastEpoch.rawValue, at: 56)
    bytes.storeLittle(UInt32(places), at: 60)
    bytes.storeLittle(UInt32(filterWords), at: 64)
    bytes.storeLittle(UInt32(streams), at: 68)
    bytes.storeLittle(UInt32(conversations), at: 72)
    bytes.storeLittle(UInt32(entries), at: 76)
    bytes.storeLittle(sectionsChecksum, at: 80)
    bytes.storeLittle(UInt32(origins), at: 84)
    bytes.storeLittle(UInt32(0), at: 88)
    bytes.storeLittle(seed.checksum(UnsafeRawBufferPointer(rebasing: bytes[0..<92])), at: 92)
  }

  /// Nil for what isn't a whole header of this log. A checksum can be right by accident: what is
  /// never written is none all the same.
  init?(_ bytes: UnsafeRawBufferPointer, _ seed: LogSeed) {
    guard bytes.count >= IndexLayout.byteCount,
      bytes.little(UInt32.self, at: 0) == IndexLayout.magic,
      bytes.little(UInt16.self, at: 4) == IndexLayout.version,
      bytes.little(UInt32.self, at: 92)
        == seed.checksum(UnsafeRawBufferPointer(rebasing: bytes[0..<92]))
    else { return nil }
    func count(_ position: Int) -> Int { Int(bytes.little(UInt32.self, at: position)) }
    facts = SegmentFacts(
      partition: PartitionID(bytes.little(UInt16.self, at: 6)),
      baseOffset: Offset(bytes.little(Int64.self, at: 8)),
      nextOffset: Offset(bytes.little(Int64.self, at: 16)),
      bytesUsed: bytes.little(UInt64.self, at: 24),
      chainBefore: bytes.little(UInt32.self, at: 32),
      chainAfter: bytes.little(UInt32.self, at: 36),
      lastEpoch: Epoch(bytes.little(UInt32.self, at: 56)),
      lastRecordedAt: Timestamp(milliseconds: bytes.little(UInt64.self, at: 40)),
      messageIDMax: bytes.little(UInt64.self, at: 48))
    places = count(60)
    filterWords = count(64)
    streams = count(68)
    conversations = count(72)
    entries = count(76)
    sectionsChecksum = bytes.little(UInt32.self, at: 80)
    origins = count(84)
    guard isPlausible, bytes.little(UInt32.self, at: 88) == 0 else { return nil }
  }

  /// A segment that has an index holds an event; each is in one entry of a stream, and in at most one
  /// of a conversation and one of an origin, and no key is without an entry.
  private var isPlausible: Bool {
    guard facts.baseOffset >= .zero, facts.baseOffset < facts.nextOffset,
      facts.nextOffset.rawValue - facts.baseOffset.rawValue <= Int64(UInt32.max)
    else { return false }
    let events = Int(facts.nextOffset.rawValue - facts.baseOffset.rawValue)
    return (1...events).contains(places) && (1...events).contains(streams)
      && streams + conversations + origins <= entries && (events...3 * events).contains(entries)
      && filterWords == BloomFilter.wordCount(keys: streams + conversations)
  }

  init(
    facts: SegmentFacts, places: Int, filterWords: Int, streams: Int, conversations: Int,
    origins: Int, entries: Int
  ) {
    self.facts = facts
    self.places = places
    self.filterWords = filterWords
    self.streams = streams
    self.conversations = conversations
    self.origins = origins
    self.entries = entries
  }
}
