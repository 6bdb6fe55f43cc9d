import DaybookModel
import Doubles
import GRDB
import Ports
import Testing

@testable import Projections

@Suite struct ReceiptTests {
  private let folder: TemporaryFolder
  private let log = MemoryLog(partitions: 1)
  private var chat = GroupChat()

  init() throws { folder = try TemporaryFolder() }

  @Test("positions past a seq are the sum of a few ranges, wherever they lie")
  func tree() {
    var random = SeededGenerator(state: 1)
    // Of all sizes that a seq can have.
    let positions = (0..<400).map { _ in
      Seq(random.next() >> UInt64.random(in: 20...63, using: &random))
    }
    for seq in positions + [.none, Seq(63), Seq(64), Seq(4_095), Seq(4_096)] {
      let ranges = PositionTree.past(seq)
      for position in positions {
        let counted = PositionTree.nodes(of: position).filter { node in
          ranges.contains { $0.contains(node) }
        }
        #expect(counted.count == (position > seq ? 1 : 0))
      }
      #expect(ranges.dropLast().allSatisfy { $0.count < 64 })
    }
  }

  @Test("a group's receipts come in pages, by ids, those who have read with their time")
  mutating func pages() async throws {
    let others = (0..<25).map { "user-\($0)" }
    log.append(chat.found(by: "ann", with: others))
    let message = chat.message(from: "user-3")
    log.append([message])
    for user in others.prefix(10) { log.append([chat.read(user, upTo: message.seq)]) }
    log.append([chat.join("late")])
    try makeEngine(log, folder).catchUp()
    let queries = makeQueries(log, folder)
    var after: UserID?
    var receipts: [Receipt] = []
    while true {
      let page = try await queries.receipts(
        of: message.stream, seq: message.seq, author: UserID(checked: "user-3"),
        stated: .unstated, after: after,
        limit: 7)
      #expect(page.readCount == 9)
      #expect(page.unreadCount == 16)
      receipts += page.receipts
      after = receipts.last?.user
      guard page.more else { break }
      #expect(page.receipts.count == 7)
    }
    let expected = ReferenceModel(events: log.allEvents[0]).receipts(of: message)
    #expect(receipts == expected.receipts)
    #expect(receipts.count == 25)
  }

  @Test("of a group with more members than allowed nobody is told who has read what")
  mutating func off() async throws {
    log.append(chat.found(by: "ann", with: ["bob", "cem"]))
    let message = chat.message(from: "ann")
    log.append([message])
    try makeEngine(log, folder).catchUp()
    for (most, isTold) in [(2, false), (3, true)] as [(UInt64, Bool)] {
      let queries = makeQueries(log, folder, receiptsMembersMax: most)
      let result = await Result {
        try await queries.receipts(
          of: message.stream, seq: message.seq, author: UserID(checked: "ann"),
          stated: .unstated, after: nil, limit: 10)
      }
      #expect((try? result.get())?.unreadCount == (isTold ? 2 : nil))
      if case .failure(let error as DaybookError) = result { #expect(error.code == .receiptsOff) }
    }
  }

  @Test(
    "a message that states whether it has receipts has them whatever the group has become",
    arguments: [
      (StatedReceipts.on, 2 as UInt64, true), (.off, 1_000, false), (.unstated, 2, false),
    ])
  mutating func stated(_ stated: StatedReceipts, _ most: UInt64, _ isTold: Bool) async throws {
    log.append(chat.found(by: "ann", with: ["bob", "cem"]))
    let message = chat.message(from: "ann")
    log.append([message, chat.read("bob", upTo: message.seq)])
    try makeEngine(log, folder).catchUp()
    let queries = makeQueries(log, folder, receiptsMembersMax: most)
    let result = await Result {
      try await queries.receipts(
        of: message.stream, seq: message.seq, author: UserID(checked: "ann"), stated: stated,
        after: nil, limit: 10)
    }
    #expect((try? result.get())?.readCount == (isTold ? 1 : nil))
    if case .failure(let error as DaybookError) = result { #expect(error.code == .receiptsOff) }
  }

  @Test("however many members there are, a count looks at few rows")
  mutating func large() async throws {
    log.append(chat.found(by: "ann", with: (0..<5_000).map { "user-\($0)" }))
    let message = chat.message(from: "ann")
    log.append([message])
    for index in 0..<3_000 { log.append([chat.read("user-\(index)", upTo: message.seq)]) }
    try makeEngine(log, folder).catchUp()
    let queries = makeQueries(log, folder, receiptsMembersMax: .max)
    let page = try await queries.receipts(
      of: message.stream, seq: message.seq, author: UserID(checked: "ann"), stated: .unstated,
      after: nil, limit: 1)
    #expect(page.readCount == 3_000)
    #expect(page.unreadCount == 2_000)
    let looked = try await open(.receipts, folder).read { database in
      try PositionTree.past(Seq(message.seq.rawValue - 1)).map { nodes in
        try Int.fetchOne(
          database, sql: "SELECT count(*) FROM position_counts WHERE node BETWEEN ? AND ?",
          arguments: [Int64(nodes.lowerBound), Int64(nodes.upperBound)]) ?? 0
      }.reduce(0, +)
    }
    #expect(looked <= 6 * 63)
  }
}

extension Result where Failure == any Error {
  fileprivate init(_ body: () async throws -> Success) async {
    do { self = .success(try await body()) } catch { self = .failure(error) }
  }
}
