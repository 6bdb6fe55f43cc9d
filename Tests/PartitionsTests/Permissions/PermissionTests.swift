import DaybookModel
import Ports
import Testing

@testable import Partitions

@Suite("the table of permissions")
struct PermissionTests {
  static let mailboxTitle = "A mailbox"

  func table(_ title: String) throws -> PermissionTable {
    try #require(
      try PermissionTable.all().first { $0.title == title }, "there is no table '\(title)'")
  }

  @Test("says of a group what is decided, in every cell", arguments: GroupWorld.states)
  func group(_ state: String) throws {
    let (table, world) = (try table(state), GroupWorld(state))
    let open = try self.table(GroupWorld.states[0])
    #expect(table.columns == GroupWorld.columns.map(\.name))
    for row in GroupWorld.rows {
      let decided = GroupWorld.columns.map { world.outcome(of: row, for: $0.asker) }
      let written = table.cells(of: row.label) ?? open.cells(of: row.label)
      #expect(written == decided, "\(row.label)")
    }
  }

  @Test("has no row that isn't asked, and none twice", arguments: GroupWorld.states)
  func rows(_ state: String) throws {
    let labels = try table(state).rows.map(\.label)
    let asked = GroupWorld.rows.map(\.label)
    #expect(Set(labels).count == labels.count)
    #expect(labels.filter { $0 != PermissionTable.everythingElse && !asked.contains($0) } == [])
    if state == GroupWorld.states[0] { #expect(labels == asked) }
  }

  @Test("says of a mailbox what is decided, in every cell")
  func mailbox() throws {
    let (table, world) = (try table(PermissionTests.mailboxTitle), MailboxWorld())
    #expect(table.columns == MailboxWorld.columns.map(\.name))
    #expect(table.rows.map(\.label) == MailboxWorld.rows.map(\.label))
    for (row, written) in zip(MailboxWorld.rows, table.rows) {
      let decided = MailboxWorld.columns.map {
        world.outcome(of: row, for: $0.asker, hidesBlocks: $0.name.hasSuffix("hidden"))
      }
      #expect(written.cells == decided, "\(row.label)")
    }
  }

  @Test("has a row for every command, wherever it means something")
  func complete() throws {
    let commands = try PermissionTable.commands()
    #expect(commands.count > 25)
    let (group, mailbox) = (GroupWorld("An open group"), MailboxWorld())
    // A refusal is nobody's wish, and depends on nothing but its number; and which number is next is asked
    // about the own commands alone.
    for command in commands where !["refused", "nextNumber"].contains(command) {
      let (inGroup, inMailbox) = (
        GroupWorld.rows.filter { $0.command == command },
        MailboxWorld.rows.filter { $0.command == command }
      )
      let body = inGroup.first?.body(group, alice) ?? inMailbox.first?.body(mailbox, alice)
      let kinds = try #require(body.map(kindsOfStream), "\(command) has no row")
      if kinds.contains(.group) { #expect(!inGroup.isEmpty, "\(command) has no row of a group") }
      if kinds.contains(.user) { #expect(!inMailbox.isEmpty, "\(command) has no row of a mailbox") }
    }
  }

  @Test("a row's label names the command that is asked")
  func labels() {
    let (group, mailbox) = (GroupWorld("An open group"), MailboxWorld())
    let asked =
      GroupWorld.rows.map { ($0.command, $0.body(group, alice)) }
      + MailboxWorld.rows.map { ($0.command, $0.body(mailbox, alice)) }
    for (command, body) in asked {
      let name = String(String(describing: body).prefix { $0.isLetter })
      #expect(name == command)
    }
  }

  @Test("says nothing else, and no table twice")
  func titles() throws {
    let titles = try PermissionTable.all().map(\.title)
    #expect(titles == GroupWorld.states + [PermissionTests.mailboxTitle])
  }
}
