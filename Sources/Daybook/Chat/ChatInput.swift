/// What a person typed into the console client.
enum ChatInput: Equatable {
  case text(String)
  case help
  case to(String)
  case group(String)
  /// Nil: the open group.
  case join(String?)
  case leave(String?)
  case history(Int)
  case unread
  /// Users, or nobody: those of the open conversation.
  case online([String])
  case typing
  case quit
  case nothing
  /// A line that is no command, and how it would be one.
  case wrong(String)

  static let historyDefault = 20

  static let helpText = """
    /to USER        talk to a user
    /group NAME     talk in a group; it is made if there is none
    /join [NAME]    become a member of a group and talk there
    /leave [NAME]   be no member any more
    /history [N]    the last N messages here
    /unread         what you have not read
    /online [USER…] who is there: these users, or those of this conversation
    /typing         tell them that you are typing
    /quit           leave (so does the end of the input)
    //text          send text that begins with a slash
    Anything else is sent. ✓ means stored, ✓✓ delivered or read. Times are UTC.
    """

  init(_ line: String) {
    guard line.hasPrefix("/") else {
      self = line.isEmpty ? .nothing : .text(line)
      return
    }
    if line.hasPrefix("//") {
      self = .text(String(line.dropFirst()))
      return
    }
    let words = line.split(separator: " ").map(String.init)
    let arguments = Array(words.dropFirst())
    self = ChatInput.command(words[0], arguments)
  }

  private static func command(_ name: String, _ arguments: [String]) -> ChatInput {
    switch (name, arguments.count) {
    case ("/help", _): .help
    case ("/to", 1): .to(arguments[0])
    case ("/group", 1): .group(arguments[0])
    case ("/join", 0...1): .join(arguments.first)
    case ("/leave", 0...1): .leave(arguments.first)
    case ("/history", 0): .history(historyDefault)
    case ("/history", 1):
      Int(arguments[0]).flatMap { $0 > 0 ? .history($0) : nil }
        ?? .wrong("/history takes a number: /history 50")
    case ("/unread", 0): .unread
    case ("/online", _): .online(arguments)
    case ("/typing", 0): .typing
    case ("/quit", _): .quit
    case ("/to", _): .wrong("say whom you want to talk to: /to USER")
    case ("/group", _): .wrong("say which group: /group NAME")
    case ("/join", _), ("/leave", _): .wrong("\(name) takes one group: \(name) NAME")
    case ("/unread", _), ("/typing", _): .wrong("\(name) takes nothing behind it")
    default: .wrong("there is no \(Terminal.safe(name)); /help lists what there is")
    }
  }
}
