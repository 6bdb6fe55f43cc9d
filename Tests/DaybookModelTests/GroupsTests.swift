import DaybookModel
import Testing

@Suite("Groups and marks")
struct GroupsTests {
  @Test("an owner is above an admin, who is above a member")
  func roles() {
    #expect(Role.allCases.sorted() == [.member, .admin, .owner])
    #expect(Role.allCases.map(\.name) == ["member", "admin", "owner"])
    #expect(Role.allCases.filter(\.isModerator) == [.admin, .owner])
  }

  @Test("roles and policies keep their numbers, for the log has them")
  func numbers() {
    #expect(Role.allCases.map(\.rawValue) == [0, 1, 2])
    #expect(JoinPolicy.allCases.map(\.rawValue) == [0, 1, 2])
    #expect(JoinPolicy.allCases.map(\.name) == ["open", "approval", "invitation"])
    #expect(Role(rawValue: 3) == nil && JoinPolicy(rawValue: 3) == nil)
  }

  @Test("a group is open, shows no history and lets everyone speak, unless said otherwise")
  func defaults() {
    let settings = GroupSettings(title: "t")
    #expect(settings.description.isEmpty && settings.joinPolicy == .open)
    #expect(!settings.isHistoryShown && !settings.isSilenced)
  }

  private static let settings = GroupSettings(
    title: "t", description: "d", joinPolicy: .approval, isHistoryShown: true, isSilenced: false)

  @Test(
    "a change of a group changes what it names, and leaves the rest",
    arguments: [
      (GroupChange(), settings),
      (GroupChange(title: "u"), with(settings) { $0.title = "u" }),
      (GroupChange(title: ""), with(settings) { $0.title = "" }),
      (GroupChange(description: "e"), with(settings) { $0.description = "e" }),
      (GroupChange(joinPolicy: .open), with(settings) { $0.joinPolicy = .open }),
      (GroupChange(isHistoryShown: false), with(settings) { $0.isHistoryShown = false }),
      (GroupChange(isSilenced: true), with(settings) { $0.isSilenced = true }),
      (
        GroupChange(
          title: "u", description: "e", joinPolicy: .invitation, isHistoryShown: false,
          isSilenced: true),
        GroupSettings(
          title: "u", description: "e", joinPolicy: .invitation, isHistoryShown: false,
          isSilenced: true)
      ),
    ])
  func groupChange(change: GroupChange, expected: GroupSettings) {
    #expect(change.applied(to: Self.settings) == expected)
    #expect(change.applied(to: expected) == expected, "once more, it changes nothing")
  }

  private static let marks = ConversationMarks(isQuiet: true, isPinned: false, isUnread: true)

  @Test(
    "a change of marks changes what it names, and leaves the rest",
    arguments: [
      (MarksChange(), marks),
      (MarksChange(isQuiet: false), with(marks) { $0.isQuiet = false }),
      (MarksChange(isPinned: true), with(marks) { $0.isPinned = true }),
      (MarksChange(isUnread: false), with(marks) { $0.isUnread = false }),
      (MarksChange(isQuiet: false, isPinned: false, isUnread: false), ConversationMarks.none),
    ])
  func marksChange(change: MarksChange, expected: ConversationMarks) {
    #expect(change.applied(to: Self.marks) == expected)
    #expect(change.applied(to: expected) == expected, "once more, it changes nothing")
  }

  private static func with<T>(_ value: T, _ change: (inout T) -> Void) -> T {
    var value = value
    change(&value)
    return value
  }
}
