// Connect's types name one DOM type. Without it (and with skipLibCheck off)
// nothing type-checks; with all of lib "dom" anything browser-only would.
type HeadersInit = NonNullable<ConstructorParameters<typeof Headers>[0]>;
