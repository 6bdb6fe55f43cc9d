import DaybookModel
import Testing

@Suite("Event table")
struct EventTableTests {
  private func table() throws -> EventTable {
    EventTable(markdown: try Repository.text("schemas/events.md"))
  }

  @Test("events.md has a row for each kind, with its number")
  func kinds() throws {
    let rows = try table().rows
    #expect(rows.map(\.name) == EventKind.allCases.map(\.name))
    #expect(rows.map(\.number) == EventKind.allCases.map { Int($0.rawValue) })
  }

  @Test("events.md says of each kind whether it takes a seq, as the code does")
  func seqs() throws {
    let rows = try table().rows
    try #require(rows.count == EventKind.allCases.count)
    for (row, kind) in zip(rows, EventKind.allCases) {
      #expect(row.streams.isSubset(of: ["mailbox", "group"]) && !row.streams.isEmpty)
      #expect(["yes", "no", "in a mailbox"].contains(row.seq), "\(row.name)")
      if row.streams.contains("mailbox") {
        #expect(row.takesSeq(inMailbox: true) == kind.takesSeq(in: .user), "\(row.name)")
      }
      if row.streams.contains("group") {
        #expect(row.takesSeq(inMailbox: false) == kind.takesSeq(in: .group), "\(row.name)")
      }
      #expect(row.isPushed == (row.seq != "no"), "\(row.name)")
    }
  }

  @Test("events.md names the fields that event.proto has")
  func fields() throws {
    let fields = EventTable.fields(proto: try Repository.text("schemas/daybook/v1/event.proto"))
    #expect(fields.count == EventKind.allCases.count)
    for row in try table().rows { #expect(row.fields == fields[row.name], "\(row.name)") }
  }

  @Test("what the relay writes is a kind of a mailbox, and is never relayed itself")
  func relays() throws {
    let rows = try table().rows
    let sources = rows.filter { !$0.relayed.isEmpty }
    let carriedOver = rows.filter(\.isCarriedOver).map(\.name)
    for name in sources.flatMap(\.relayed) {
      let written = try #require(rows.first { $0.name == name }, "\(name)")
      #expect(written.streams.contains("mailbox") && written.takesSeq(inMailbox: true), "\(name)")
      // What is carried over has a cause there, and so goes no further; nothing else leads to it but
      // the same that was withheld.
      if carriedOver.contains(name) {
        #expect(written.relayed == [name], "\(name)")
        let others = sources.filter { $0.relayed.contains(name) && $0.name != name }
        #expect(others.map(\.name) == ["amendment_withheld"], "\(name)")
      } else {
        #expect(written.streams == ["mailbox"] && written.relayed.isEmpty, "\(name)")
      }
    }
    #expect(
      carriedOver == ["message_recalled", "message_edited", "reaction_added", "reaction_removed"])
    #expect(
      sources.map(\.name).filter { !carriedOver.contains($0) } == [
        "message_sent", "acked", "read", "group_created", "member_joined", "member_left",
        "message_withheld", "member_invited", "join_requested", "join_refused",
        "conversation_cleared",
        "amendment_withheld",
      ])
  }

  @Test("what a mailbox is told of a group is written by the relay")
  func notices() throws {
    let rows = try table().rows
    let written = Set(rows.flatMap(\.relayed))
    // What its owner and the owner's devices do there themselves.
    let own = ["group_read", "group_cursors"]
    for row in rows
    where row.name.hasPrefix("group_") && row.streams == ["mailbox"] && !own.contains(row.name) {
      #expect(written.contains(row.name), "\(row.name)")
    }
  }

  @Test("a row and a message are read for what they say")
  func parsing() {
    let line =
      "| 19 | `read` | mailbox, group | in a mailbox | `x` | a: `a_b` to `c` | m | `p` `q` |"
    let row = EventTable(markdown: "| no. | event |\n|---|---|\n\(line)\n").rows
    let expected = EventTable.Row(
      number: 19, name: "read", streams: ["mailbox", "group"], seq: "in a mailbox", isPushed: true,
      relayed: ["a_b"], fields: ["p", "q"])
    #expect(row == [expected])
    #expect(!expected.isCarriedOver)
    let carried = "| 30 | `a_b` | mailbox | yes | `x` | in a mailbox: `a_b` | m | |"
    #expect(EventTable(markdown: carried).rows.map(\.isCarriedOver) == [true])
    let proto = """
      message Event {
        string stream = 1;
        oneof body {
          Read read = 19;
        }
      }
      message Read {
        // peer = 7;
        string peer = 1;
        repeated uint64 q = 2;
      }
      enum Role {
        ROLE_MEMBER = 0;
        ROLE_ADMIN = 1;
      }
      """
    #expect(EventTable.fields(proto: proto) == ["read": ["peer", "q"]])
  }
}
