import DaybookModel
import Testing

@Suite("Message extras")
struct MessageExtrasTests {
  private static let forwarded = Forwarded(
    messageID: MessageID(1), user: UserID(checked: "a"), recordedAt: Timestamp(milliseconds: 2))

  /// Each says something that no other says.
  private static let each = [
    MessageExtras(replyTo: MessageID(1)), MessageExtras(mentions: [UserID(checked: "a")]),
    MessageExtras(mentionsEveryone: true), MessageExtras(forwarded: forwarded),
    MessageExtras(expiresAt: Timestamp(milliseconds: 1)),
  ]

  @Test("extras are empty only if they say nothing")
  func empty() {
    #expect(MessageExtras().isEmpty)
    for extras in Self.each { #expect(!extras.isEmpty) }
  }

  @Test("extras are the same if they say the same, whichever object holds them")
  func equality() {
    for (index, extras) in Self.each.enumerated() {
      let copy = MessageExtras(
        replyTo: extras.replyTo, mentions: extras.mentions,
        mentionsEveryone: extras.mentionsEveryone, forwarded: extras.forwarded,
        expiresAt: extras.expiresAt)
      #expect(copy == extras && copy !== extras)
      for other in Self.each[(index + 1)...] { #expect(other != extras) }
    }
  }
}
