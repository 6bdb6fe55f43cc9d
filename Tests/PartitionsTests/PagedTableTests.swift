import DaybookModel
import DaybookSchema
import NIOCore
import Ports
import Testing

@testable import Partitions

@Suite("states in pages")
struct PagedTableTests {
  private typealias Members = PagedTable<GroupState.MemberState>

  private func user(_ number: Int) -> UserID { UserID(checked: "user-\(number)") }

  private func member(_ number: Int) -> GroupState.MemberState {
    GroupState.MemberState(
      stays: [SeqInterval(first: Seq(UInt64(number + 1)), last: nil)], read: .none, role: .member)
  }

  private func table(_ count: Int, seed: UInt64 = 3) -> Members {
    var table = Members(seed: seed)
    for number in 0..<count { table.insert(user(number), member(number)) }
    return table
  }

  private func pages(_ table: Members) throws -> [ByteBuffer] {
    var writer = SnapshotWriter()
    table.encode(1, into: &writer)
    return try Array(writer.bytes).withUnsafeBytes { bytes in
      var pages: [ByteBuffer] = []
      var reader = ProtobufReader(bytes)
      while !reader.isAtEnd {
        #expect(try reader.tag() == Tag.delimited(1))
        pages.append(ByteBuffer(bytes: try reader.delimited()))
      }
      return pages
    }
  }

  @Test(
    "each is found, and nobody else, whatever there is", arguments: [0, 1, 8, 9, 192, 193, 5_000])
  func found(count: Int) {
    var table = table(count)
    #expect(table.count == count && table.isEmpty == (count == 0))
    for number in 0..<count {
      let place = table.find(user(number))
      #expect(place.map { table[$0] } == member(number))
      #expect(place.map { table.key(at: $0) } == user(number))
      #expect(table.state(of: user(number)) == member(number))
    }
    for number in count..<count + 50 {
      #expect(table.find(user(number)) == nil && table.state(of: user(number)) == nil)
    }
    var seen: [UserID: GroupState.MemberState] = [:]
    table.forEach { seen[$0] = $1 }
    #expect(seen.count == count && seen.allSatisfy { table.state(of: $0.key) == $0.value })
  }

  @Test("pages hold some two hundred each, however many there are")
  func pageSizes() {
    var table = table(20_000)
    let sizes = (0..<table.pages).map { table.places(in: $0).count }
    #expect(sizes.reduce(0, +) == 20_000)
    #expect(sizes.max()! < 512 && sizes.min()! > 32)
  }

  @Test("what leaves is not found any more, and the others are", arguments: [1, 9, 1_000])
  func removed(count: Int) throws {
    var table = table(count)
    for number in stride(from: 0, to: count, by: 2) {
      let place = table.find(user(number))
      table.remove(at: try #require(place))
    }
    #expect(table.count == count / 2)
    for number in 0..<count {
      #expect((table.find(user(number)) != nil) == (number % 2 == 1))
      #expect(table.state(of: user(number)) == (number % 2 == 1 ? member(number) : nil))
    }
  }

  @Test("a copy stays as it was when it was taken")
  func copied() {
    var table = table(3_000)
    let copy = table
    for number in 0..<3_000 { table.update(user(number)) { $0.read = Seq(9) } }
    for number in 3_000..<4_000 { table.insert(user(number), member(number)) }
    #expect(copy.count == 3_000 && copy == self.table(3_000))
    #expect(table.state(of: user(7))?.read == Seq(9) && copy.state(of: user(7))?.read == Seq.none)
  }

  @Test(
    "written down and read it is the same, read at once, by need or not at all",
    arguments: [0, 5, 4_000])
  func kept(count: Int) throws {
    let table = table(count)
    let pages = try pages(table)
    for isRead in [true, false] {
      var kept = try #require(Members(pages: pages, seed: 3, isRead: isRead))
      #expect(kept.count == count && kept == table)
      // Unread pages are written down as they came.
      let again = try self.pages(kept)
      #expect(again == pages)
      for number in 0..<count {
        #expect(kept.state(of: user(number)) == member(number))
      }
      for number in stride(from: 0, to: count, by: 700) {
        kept.update(user(number)) { $0.role = .admin }
        #expect(kept.state(of: user(number))?.role == .admin)
      }
      for number in count..<count + 300 { kept.insert(user(number), member(number)) }
      for number in 0..<count + 300 { #expect(kept.find(user(number)) != nil) }
      #expect(kept.count == count + 300)
    }
  }

  @Test("with another seed, pages in another order, or one too few it is none")
  func foreign() throws {
    let pages = try pages(table(1_000))
    #expect(pages.count > 3 && Members(pages: pages, seed: 3) != nil)
    #expect(Members(pages: pages, seed: 4) == nil)
    #expect(Members(pages: pages.reversed(), seed: 3) == nil)
    #expect(Members(pages: Array(pages.dropFirst()), seed: 3) == nil)
    #expect(Members(pages: [pages[0]] + pages, seed: 3) == nil)
  }

  @Test("where states lie is no part of what a table says")
  func order() {
    var other = Members(seed: 11)
    for number in (0..<500).reversed() { other.insert(user(number), member(number)) }
    #expect(other == table(500))
    other.update(user(3)) { $0.role = .owner }
    #expect(other != table(500))
    #expect(table(499) != table(500))
  }
}

@Suite("what a snapshot writes is protobuf")
struct SnapshotWriterTests {
  @Test(
    "messages of every length have their length before them",
    arguments: [0, 1, 127, 128, 16_383, 16_384, 3_000_000])
  func lengths(count: Int) throws {
    var writer = SnapshotWriter()
    let text = String(repeating: "x", count: count)
    writer.message(1) { $0.message(2) { $0.element(3, text) } }
    writer.uint(4, 5)
    try writer.bytes.withUnsafeBytes { bytes in
      var reader = ProtobufReader(bytes)
      #expect(try reader.tag() == Tag.delimited(1))
      var outer = ProtobufReader(try reader.delimited())
      #expect(try outer.tag() == Tag.delimited(2))
      var inner = ProtobufReader(try outer.delimited())
      #expect(try inner.tag() == Tag.delimited(3))
      #expect(try inner.string() == text && inner.isAtEnd && outer.isAtEnd)
      #expect(try reader.tag() == Tag.varint(4))
      #expect(try reader.varint() == 5 && reader.isAtEnd)
    }
  }
}
