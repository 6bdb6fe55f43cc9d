import DaybookModel

/// Makes the bytes of an index file. The same segment always gives the same bytes, which is
/// how verify tells whether an index agrees with its segment.
enum IndexBuilder {
  static func build(_ source: IndexSource, _ seed: LogSeed) -> [UInt8] {
    var facts = source.facts
    var streamItems: [(key: UInt64, entry: IndexEntry)] = []
    var conversationItems: [(key: UInt64, entry: IndexEntry)] = []
    var originItems: [(key: UInt64, entry: IndexEntry)] = []
    let count = Int(facts.nextOffset.rawValue - facts.baseOffset.rawValue)
    streamItems.reserveCapacity(count)
    conversationItems.reserveCapacity(count)
    for batch in source.batches {
      var delta = batch.delta
      for slot in batch.slots {
        let (stream, place) = slot.streamEntry(at: facts.baseOffset, delta)
        streamItems.append((stream, IndexEntry(value: place, delta: delta)))
        if slot.origin != 0 {
          originItems.append((slot.origin, IndexEntry(value: slot.number, delta: delta)))
        }
        if slot.conversation != 0 {
          let id = slot.messageID.rawValue
          conversationItems.append((slot.conversation, IndexEntry(value: id, delta: delta)))
          facts.messageIDMax = max(facts.messageIDMax, id)
        }
        delta += 1
      }
    }
    let sections = Sections(
      streams: IndexGroups(streamItems), conversations: IndexGroups(conversationItems),
      origins: IndexGroups(originItems))
    return assemble(facts, source.places, sections, seed)
  }

  private struct Sections {
    let streams: IndexGroups
    let conversations: IndexGroups
    let origins: IndexGroups
  }

  private static func assemble(
    _ facts: SegmentFacts, _ places: [BatchPlace], _ sections: Sections, _ seed: LogSeed
  ) -> [UInt8] {
    let (streams, conversations, origins) = (
      sections.streams, sections.conversations, sections.origins
    )
    let keyCount = streams.keys.count + conversations.keys.count
    let filter = BloomFilter.make(
      (streams.keys + conversations.keys).lazy.map { $0.key }, count: keyCount)
    let originFilter = BloomFilter.make(
      origins.keys.lazy.map { $0.key }, count: origins.keys.count)
    var layout = IndexLayout(
      facts: facts, places: places.count, filterWords: filter.count,
      streams: streams.keys.count, conversations: conversations.keys.count,
      origins: origins.keys.count,
      entries: streams.entries.count + conversations.entries.count + origins.entries.count)
    return [UInt8](unsafeUninitializedCapacity: layout.fileBytes) { buffer, used in
      let bytes = UnsafeMutableRawBufferPointer(buffer)
      for (index, place) in places.enumerated() {
        let at = IndexLayout.byteCount + index * IndexLayout.placeBytes
        bytes.storeLittle(place.delta, at: at)
        bytes.storeLittle(place.position, at: at + 4)
      }
      for (index, word) in filter.enumerated() {
        bytes.storeLittle(word, at: layout.filterAt + index * 8)
      }
      for (index, word) in originFilter.enumerated() {
        bytes.storeLittle(word, at: layout.originFilterAt + index * 8)
      }
      store(streams, in: bytes, keysAt: layout.streamsAt, firstEntry: 0, layout)
      store(
        conversations, in: bytes, keysAt: layout.conversationsAt,
        firstEntry: streams.entries.count, layout)
      store(
        origins, in: bytes, keysAt: layout.originsAt,
        firstEntry: streams.entries.count + conversations.entries.count, layout)
      let sections = bytes[IndexLayout.byteCount..<layout.fileBytes]
      layout.sectionsChecksum = seed.checksum(UnsafeRawBufferPointer(rebasing: sections))
      layout.encode(into: bytes, seed)
      used = layout.fileBytes
    }
  }

  private static func store(
    _ groups: IndexGroups, in bytes: UnsafeMutableRawBufferPointer, keysAt: Int,
    firstEntry: Int, _ layout: IndexLayout
  ) {
    for (index, key) in groups.keys.enumerated() {
      let at = keysAt + index * IndexLayout.keyBytes
      let last = groups.entries[Int(key.first + key.count) - 1].value
      bytes.storeLittle(key.key, at: at)
      bytes.storeLittle(key.first + UInt32(firstEntry), at: at + 8)
      bytes.storeLittle(key.count, at: at + 12)
      bytes.storeLittle(groups.entries[Int(key.first)].value, at: at + 16)
      bytes.storeLittle(last, at: at + 24)
    }
    for (index, entry) in groups.entries.enumerated() {
      bytes.storeLittle(entry.value, at: layout.valuesAt + (firstEntry + index) * 8)
      bytes.storeLittle(entry.delta, at: layout.deltasAt + (firstEntry + index) * 4)
    }
  }
}
