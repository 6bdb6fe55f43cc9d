/// What a file declares by a name that others could say, and all the names that it says.
///
/// Of two declarations with one name, one is taken for the other: that a name is said says only that
/// one of them may be used.
struct Declarations {
  struct Declaration: Equatable {
    var name: String
    var line: Int
  }

  /// Functions, properties, cases and types, but for what is inside of functions.
  private(set) var declared: [Declaration] = []
  /// All names that occur otherwise than in a declaration.
  private(set) var said: Set<String> = []

  private enum Body { case type, code }
  private var bodies: [Body] = []
  private var parentheses = 0
  /// A type is declared, whose body comes next.
  private var expectsType = false
  private var isInCases = false
  private var isMain = false

  init(_ source: String) {
    for (index, line) in SwiftCode(source).lines.enumerated() {
      read(SwiftToken.tokens(of: line), line: index + 1)
    }
  }

  /// Not in a function's body, nor in what it takes.
  private var isOutside: Bool { parentheses == 0 && bodies.allSatisfy { $0 == .type } }

  private mutating func read(_ tokens: [SwiftToken], line: Int) {
    // What the program begins with, nobody calls.
    if tokens.contains(where: { $0.text == "main" && $0.before == "@" }) { isMain = true }
    // What goes on from the line before ends with that line's comma.
    if tokens.first?.text == "case" { isInCases = isOutside && bodies.last == .type }
    var last: Substring = isInCases && tokens.first?.text != "case" ? "," : ""
    for token in tokens {
      switch token.text {
      case "{":
        bodies.append(expectsType ? .type : .code)
        expectsType = false
      case "}": _ = bodies.popLast()
      case "(", "[": parentheses += 1
      case ")", "]": parentheses -= 1
      default: break
      }
      if SwiftToken.types.contains(token.text) || token.text == "extension", isOutside {
        expectsType = token.text != "typealias"
      }
      if token.isName, token.before != ".", isOutside, declares(last) {
        declare(String(token.text), line)
      } else if token.isName {
        said.insert(String(token.text))
      }
      last = token.text == "`" ? last : token.text
    }
    if tokens.last?.text != ",", parentheses == 0 { isInCases = false }
  }

  private mutating func declare(_ name: String, _ line: Int) {
    // `class func` declares what comes behind, and is no type; `_` is no name.
    if ["func", "var", "let", "_"].contains(name) {
      expectsType = false
      return
    }
    if !isMain { declared.append(Declaration(name: name, line: line)) }
    isMain = false
  }

  private func declares(_ word: Substring) -> Bool {
    SwiftToken.types.contains(word) || ["func", "let", "var", "case"].contains(word)
      || (isInCases && word == ",")
  }
}

/// What is declared in Sources and said nowhere, neither there nor in Tests.
enum DeadDeclarations {
  /// Names that nobody here says: what others call of what they ask a type to have.
  static let calledByOthers: Set<String> = [
    // The compiler.
    "callAsFunction", "CodingKeys", "makeAsyncIterator", "hash", "description",
    // NIO.
    "InboundIn", "InboundOut", "OutboundIn", "OutboundOut", "handlerAdded", "handlerRemoved",
    "channelActive", "channelInactive", "channelRead", "channelReadComplete",
    "channelWritabilityChanged", "userInboundEventTriggered", "errorCaught",
    // swift-metrics.
    "makeCounter", "makeFloatingPointCounter", "makeMeter", "makeRecorder", "makeTimer",
    "destroyCounter", "destroyFloatingPointCounter", "destroyMeter", "destroyRecorder",
    "destroyTimer", "reset", "recordNanoseconds",
    // The argument parser.
    "configuration", "validate",
  ]

  static func find(in sources: [SourceFile], saidIn others: [SourceFile]) -> [String] {
    let read = sources.map { (file: $0, names: Declarations($0.text)) }
    var said = calledByOthers
    for names in read.map(\.names) + others.map({ Declarations($0.text) }) {
      said.formUnion(names.said)
    }
    return read.flatMap { file, names in
      names.declared.filter { !said.contains($0.name) }.map {
        "\(file.path):\($0.line): \($0.name) is declared and never used: whoever reads it looks for "
          + "what it is for, and whoever changes what is around it keeps it working; delete it"
      }
    }
  }
}
